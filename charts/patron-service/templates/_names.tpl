{{/* <release>-<service>; the names of peers are built the same way. */}}
{{- define "patron-service.fullname" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "patron-service.instancesName" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}-instances
{{- end }}

{{/* What selects the pods of a service and of no other; the component tells its server from its migration. */}}
{{- define "patron-service.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{- define "patron-service.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: patron
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* A digest wins over the tag; the tag is the chart's own version unless it is set. */}}
{{- define "patron-service.image" -}}
{{- $image := .Values.global.image -}}
{{- $name := printf "%s%s/%s" (ternary (printf "%s/" $image.registry) "" (ne $image.registry "")) $image.repository .Chart.Name -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" $name .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (default .Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end }}

{{/* The Secret with this service's own secrets; an operator makes it, no chart does. */}}
{{- define "patron-service.secret" -}}
{{ default (include "patron-service.fullname" .) .Values.secretName }}
{{- end }}
