{{- define "patron-service.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "patron-service.fullname" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{- include "patron-service.selector" . | nindent 4 }}
  ports:
    - { name: http, port: 8080, targetPort: http, appProtocol: http }
{{- if .Values.grpc.enabled }}
    - { name: grpc, port: 8081, targetPort: grpc, appProtocol: kubernetes.io/h2c }
{{- end }}
{{- end }}

{{/* Its name leads to every pod that is ready, so that pods find one another. Monitoring looks for ports named http, and so takes each pod once. */}}
{{- define "patron-service.instances" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "patron-service.instancesName" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  clusterIP: None
  selector: {{- include "patron-service.selector" . | nindent 4 }}
  ports:
    - { name: instances, port: 8080, targetPort: http, appProtocol: http }
{{- end }}

{{- define "patron-service.ingress" -}}
{{- $ingress := .Values.ingress -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "patron-service.fullname" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
{{- with $ingress.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
{{- end }}
spec:
{{- with $ingress.className }}
  ingressClassName: {{ . | quote }}
{{- end }}
  tls:
    - { hosts: [{{ $ingress.host | quote }}], secretName: {{ $ingress.tlsSecret | quote }} }
  rules:
    - host: {{ $ingress.host | quote }}
      http:
        # Only what is for people and partners; health and metrics stay inside.
        paths:
{{- range $ingress.paths }}
          - path: {{ .path }}
            pathType: {{ .type }}
            backend: { service: { name: {{ include "patron-service.fullname" $ }}, port: { name: http } } }
{{- end }}
{{- end }}

{{- define "patron-service.monitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "patron-service.fullname" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
{{- with .Values.global.metrics.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
{{- end }}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .Chart.Name }}
      app.kubernetes.io/instance: {{ .Release.Name }}
  endpoints:
    - port: http
      path: /metrics
      interval: {{ .Values.global.metrics.serviceMonitor.interval }}
      authorization:
        credentials: { name: {{ .Values.global.metrics.serviceMonitor.secretName | quote }}, key: api-key }
{{- end }}
