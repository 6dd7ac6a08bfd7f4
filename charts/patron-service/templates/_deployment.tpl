{{- define "patron-service.deployment" -}}
{{- $drain := .Values.global.drain -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "patron-service.fullname" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
spec:
{{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicas }}
{{- end }}
  revisionHistoryLimit: 5
  # A new pod takes its share of the partitions before an old one gives its own back.
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  selector:
    matchLabels: {{- include "patron-service.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "patron-service.labels" . | nindent 8 }}
        app.kubernetes.io/component: server
{{- if .Values.global.metrics.annotations }}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "8080"
        prometheus.io/path: /metrics
{{- end }}
    spec:
      {{- include "patron-service.pod" . | nindent 6 }}
      # The service drains within its own grace; the rest is for the process to end.
      terminationGracePeriodSeconds: {{ add $drain.readinessDelaySeconds $drain.graceSeconds 10 }}
      topologySpreadConstraints:
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ $key }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "patron-service.selector" $ | nindent 14 }}
{{- end }}
      containers:
        - name: {{ .Chart.Name }}
          {{- include "patron-service.container" . | nindent 10 }}
          ports:
            - { name: http, containerPort: 8080 }
{{- if .Values.grpc.enabled }}
            - { name: grpc, containerPort: 8081 }
{{- end }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
          startupProbe: {{- include "patron-service.probe" (dict "kind" "started" "period" 2 "failures" .Values.startup.attemptsMax) | nindent 12 }}
          livenessProbe: {{- include "patron-service.probe" (dict "kind" "live" "period" 10 "failures" 3) | nindent 12 }}
          readinessProbe: {{- include "patron-service.probe" (dict "kind" "ready" "period" 3 "failures" 2) | nindent 12 }}
{{- end }}
