{{/* Section:Name, as the code calls a setting, becomes PATRON_SECTION__NAME. The id of a key is looked up by its exact letters. */}}
{{- define "patron-service.variable" -}}
{{- if hasPrefix "Links:Keys:" . -}}
PATRON_LINKS__KEYS__{{ trimPrefix "Links:Keys:" . }}
{{- else -}}
PATRON_{{ . | replace ":" "__" | upper }}
{{- end -}}
{{- end }}

{{- define "patron-service.value" -}}
- name: {{ include "patron-service.variable" .setting }}
  value: {{ .value | toString | quote }}
{{- end }}

{{- define "patron-service.reference" -}}
- name: {{ include "patron-service.variable" .setting }}
  valueFrom: { secretKeyRef: { name: {{ .secret | quote }}, key: {{ .key | quote }} } }
{{- end }}

{{/* A number of seconds as the time span that settings take; schemas keep it below an hour. */}}
{{- define "patron-service.timespan" -}}
{{ printf "00:%02d:%02d" (div (int .) 60) (mod (int .) 60) }}
{{- end }}

{{/* Everything that a service is told, the same for its server and its migration. */}}
{{- define "patron-service.env" -}}
{{- $global := .Values.global -}}
{{- include "patron-service.value" (dict "setting" "Http:Bind" "value" "0.0.0.0") }}
{{ include "patron-service.value" (dict "setting" "Http:Port" "value" 8080) }}
{{- if .Values.grpc.enabled }}
{{ include "patron-service.value" (dict "setting" "Grpc:Port" "value" 8081) }}
{{- end }}
{{ include "patron-service.value" (dict "setting" "Drain:ReadinessDelay" "value" (include "patron-service.timespan" $global.drain.readinessDelaySeconds)) }}
{{ include "patron-service.value" (dict "setting" "Drain:GracePeriod" "value" (include "patron-service.timespan" $global.drain.graceSeconds)) }}
{{ include "patron-service.value" (dict "setting" "Metrics:Public" "value" $global.metrics.annotations) }}
{{- if .Values.store }}
{{ include "patron-service.env.store" . }}
{{- end }}
{{- range $peer := dig .Chart.Name list $global.peers }}
{{ include "patron-service.value" (dict "setting" (printf "Peers:%s" $peer) "value" (printf "http://%s-%s:8080" $.Release.Name $peer)) }}
{{- end }}
{{- with .Values.instances }}
{{ include "patron-service.value" (dict "setting" .setting "value" (printf "http://%s:8080" (include "patron-service.instancesName" $))) }}
{{- end }}
{{- range $caller := concat $global.callers .Values.callers }}
{{- $place := printf "PATRON_API__KEYS__%s" $caller.name }}
- name: {{ $place }}__HASH
  valueFrom: { secretKeyRef: { name: {{ $global.callersSecret | quote }}, key: {{ $caller.name | quote }} } }
{{- range $index, $scope := $caller.scopes }}
- name: {{ $place }}__SCOPES__{{ $index }}
  value: {{ $scope | quote }}
{{- end }}
{{- range $index, $source := $caller.sources }}
- name: {{ $place }}__SOURCES__{{ $index }}
  value: {{ $source | quote }}
{{- end }}
{{- end }}
{{- range $setting, $value := .Values.settings }}
{{ include "patron-service.value" (dict "setting" $setting "value" $value) }}
{{- end }}
{{- range $setting, $key := .Values.secretSettings }}
{{ include "patron-service.reference" (dict "setting" $setting "secret" (include "patron-service.secret" $) "key" $key) }}
{{- end }}
{{- if $global.telemetry.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ $global.telemetry.otlpEndpoint | quote }}
{{- end }}
{{- end }}

{{/* Where the store and the log are. Schemas are the migration's matter, so that many starting pods do not race for it. */}}
{{- define "patron-service.env.store" -}}
{{- $log := .Values.global.log -}}
{{- include "patron-service.reference" (dict "setting" "Database" "secret" (include "patron-service.secret" .) "key" "database") }}
{{ include "patron-service.value" (dict "setting" "Runtime:MigrateAtStart" "value" false) }}
{{ include "patron-service.value" (dict "setting" "Runtime:Partitions" "value" .Values.global.runtime.partitions) }}
{{ include "patron-service.value" (dict "setting" "Log:Adapter" "value" $log.adapter) }}
{{- if eq $log.adapter "kafka" }}
{{ include "patron-service.value" (dict "setting" "Log:Bootstrap" "value" $log.bootstrap) }}
{{ include "patron-service.value" (dict "setting" "Log:ReplicationFactor" "value" $log.replicationFactor) }}
{{- range $name, $value := $log.properties }}
- name: PATRON_LOG__PROPERTIES__{{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $key := $log.secretProperties }}
- name: PATRON_LOG__PROPERTIES__{{ $name }}
  valueFrom: { secretKeyRef: { name: {{ $log.secretName | quote }}, key: {{ $key | quote }} } }
{{- end }}
{{- else }}
{{ include "patron-service.reference" (dict "setting" "Log:Database" "secret" $log.secretName "key" "database") }}
{{- end }}
{{- end }}
