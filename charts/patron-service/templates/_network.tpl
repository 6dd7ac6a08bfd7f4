{{- define "patron-service.peerPods" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
      app.kubernetes.io/instance: {{ .root.Release.Name }}
      app.kubernetes.io/component: server
{{- end }}

{{/* What a service's store and log need, and names; the same for its server and its migration. */}}
{{- define "patron-service.egress.base" -}}
{{- $network := .Values.global.network -}}
- to: {{- toYaml $network.dns.to | nindent 4 }}
  ports: [{ protocol: UDP, port: {{ $network.dns.port }} }, { protocol: TCP, port: {{ $network.dns.port }} }]
{{- if .Values.store }}
- to: {{- toYaml $network.postgres.to | nindent 4 }}
  ports: [{ protocol: TCP, port: {{ $network.postgres.port }} }]
{{- if eq .Values.global.log.adapter "kafka" }}
- to: {{- toYaml $network.kafka.to | nindent 4 }}
  ports: [{ protocol: TCP, port: {{ $network.kafka.port }} }]
{{- end }}
{{- end }}
{{- end }}

{{/* A service reaches what is listed here and nothing else, and is reached by its callers only. */}}
{{- define "patron-service.networkPolicy" -}}
{{- $network := .Values.global.network -}}
{{- $callers := list -}}
{{- range $caller, $peers := .Values.global.peers }}{{ if has $.Chart.Name $peers }}{{ $callers = append $callers $caller }}{{ end }}{{ end -}}
{{- if .Values.instances }}{{ $callers = append $callers .Chart.Name }}{{ end -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "patron-service.fullname" . }}
  labels: {{- include "patron-service.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "patron-service.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
{{- range $callers }}
    - from: {{- include "patron-service.peerPods" (dict "name" . "root" $) | nindent 8 }}
      ports: [{ protocol: TCP, port: http }]
{{- end }}
    - from: {{- toYaml $network.monitoring.from | nindent 8 }}
      ports: [{ protocol: TCP, port: http }]
{{- if .Values.ingress.enabled }}
    - from: {{- toYaml $network.ingressController.from | nindent 8 }}
      ports: [{ protocol: TCP, port: http }]
{{- end }}
{{- if and .Values.grpc.enabled .Values.grpc.from }}
    - from: {{- toYaml .Values.grpc.from | nindent 8 }}
      ports: [{ protocol: TCP, port: grpc }]
{{- end }}
  egress:
    {{- include "patron-service.egress.base" . | nindent 4 }}
{{- range concat (dig .Chart.Name list .Values.global.peers) (ternary (list .Chart.Name) list (not (empty .Values.instances))) }}
    - to: {{- include "patron-service.peerPods" (dict "name" . "root" $) | nindent 8 }}
      ports: [{ protocol: TCP, port: http }]
{{- end }}
{{- if .Values.global.telemetry.otlpEndpoint }}
    - to: {{- toYaml $network.collector.to | nindent 8 }}
      ports: [{ protocol: TCP, port: {{ $network.collector.port }} }]
{{- end }}
{{- range .Values.egress }}
    - to: {{- toYaml .to | nindent 8 }}
      ports: [{ protocol: TCP, port: {{ .port }} }]
{{- end }}
{{- end }}

{{/* A hook like the migration itself, one weight earlier: on the first install nothing else stands yet. */}}
{{- define "patron-service.migrationNetworkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "patron-service.fullname" . }}-migrate
  labels: {{- include "patron-service.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-5"
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ .Chart.Name }}
      app.kubernetes.io/instance: {{ .Release.Name }}
      app.kubernetes.io/component: migration
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- include "patron-service.egress.base" . | nindent 4 }}
{{- end }}
