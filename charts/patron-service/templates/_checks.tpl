{{/* What a schema cannot say in a clear sentence. */}}
{{- define "patron-service.checks" -}}
{{- $name := .Chart.Name -}}
{{- $global := .Values.global -}}
{{- if has $global.image.tag (list "latest" "main" "master" "edge") -}}
{{ fail (printf "global.image.tag is '%s', which names no version: set it to one, or leave it empty for the chart's own" $global.image.tag) }}
{{- end -}}
{{- range $setting, $_ := .Values.settings -}}
{{- if regexMatch "(?i)(Key|Keys(:.*)?|KeyFile|Hash|Database|Password|Secret)$" $setting -}}
{{ fail (printf "%s.settings has %s, which is a secret: put it into a Secret and name its key under %s.secretSettings" $name $setting $name) }}
{{- end -}}
{{- end -}}
{{- range $property, $_ := $global.log.properties -}}
{{- if regexMatch "(password|secret|[.]key|jaas)" $property -}}
{{ fail (printf "global.log.properties has %s, which is a secret: name its key under global.log.secretProperties" $property) }}
{{- end -}}
{{- end -}}
{{- range $scope, $network := $global.network -}}
{{- range $peer := concat (default list $network.to) (default list $network.from) -}}
{{- include "patron-service.checkPeer" (dict "place" (printf "global.network.%s" $scope) "peer" $peer) -}}
{{- end -}}
{{- end -}}
{{- range $destination := .Values.egress -}}
{{- range $peer := $destination.to -}}
{{- include "patron-service.checkPeer" (dict "place" (printf "%s.egress" $name) "peer" $peer) -}}
{{- end -}}
{{- end -}}
{{- include "patron-service.checkScaling" . -}}
{{- end }}

{{- define "patron-service.checkPeer" -}}
{{- if and .peer.ipBlock (hasSuffix "/0" .peer.ipBlock.cidr) -}}
{{ fail (printf "%s allows %s, which is everybody: name the networks that are meant" .place .peer.ipBlock.cidr) }}
{{- end -}}
{{- end }}

{{- define "patron-service.checkScaling" -}}
{{- $name := .Chart.Name -}}
{{- $least := int .Values.autoscaling.minReplicas -}}
{{- $most := int (ternary .Values.autoscaling.maxReplicas .Values.replicas .Values.autoscaling.enabled) -}}
{{- $partitions := int .Values.global.runtime.partitions -}}
{{- if and .Values.autoscaling.enabled (gt $least $most) -}}
{{ fail (printf "%s.autoscaling.minReplicas (%d) is above maxReplicas (%d)" $name $least $most) }}
{{- end -}}
{{- if and .Values.store (gt $most $partitions) -}}
{{ fail (printf "%s may have %d pods, but global.runtime.partitions is %d: a pod without a partition has no work" $name $most $partitions) }}
{{- end -}}
{{- end }}
