{{- define "patron-service.autoscaler" -}}
{{- $scaling := .Values.autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "patron-service.fullname" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ include "patron-service.fullname" . }} }
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ $scaling.cpuPercent }} } }
  # Partitions move with every pod that comes or goes: up quickly, down slowly and one at a time.
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 30
      policies: [{ type: Pods, value: 2, periodSeconds: 60 }]
    scaleDown:
      stabilizationWindowSeconds: 600
      policies: [{ type: Pods, value: 1, periodSeconds: 300 }]
{{- end }}

{{- define "patron-service.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "patron-service.fullname" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  # A pod that is not ready does no work; it must not keep a node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "patron-service.selector" . | nindent 6 }}
{{- end }}
