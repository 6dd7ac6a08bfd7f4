{{/* Every object of one service; the only line of a service's own chart calls this. */}}
{{- define "patron-service.all" -}}
{{- include "patron-service.checks" . -}}
{{ include "patron-service.deployment" . }}
---
{{ include "patron-service.service" . }}
{{- if .Values.instances }}
---
{{ include "patron-service.instances" . }}
{{- end }}
---
{{ include "patron-service.budget" . }}
---
{{ include "patron-service.networkPolicy" . }}
{{- if .Values.autoscaling.enabled }}
---
{{ include "patron-service.autoscaler" . }}
{{- end }}
{{- if .Values.store }}
---
{{ include "patron-service.migrationNetworkPolicy" . }}
---
{{ include "patron-service.migration" . }}
{{- end }}
{{- if .Values.ingress.enabled }}
---
{{ include "patron-service.ingress" . }}
{{- end }}
{{- if .Values.global.metrics.serviceMonitor.enabled }}
---
{{ include "patron-service.monitor" . }}
{{- end }}
{{- end }}
