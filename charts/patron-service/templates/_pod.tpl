{{/* The Pod Security Standard 'restricted', and no more: no token, no files to write but an in-memory /tmp and, where a service has some, its snapshots. */}}
{{- define "patron-service.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . | quote }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1654
  runAsGroup: 1654
  fsGroup: 1654
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.global.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: { medium: Memory, sizeLimit: 32Mi }
{{- with .Values.snapshots }}
  - name: snapshots
{{- if .claim }}
    persistentVolumeClaim: { claimName: {{ .claim | quote }} }
{{- else }}
    emptyDir: { sizeLimit: {{ .sizeLimit }} }
{{- end }}
{{- end }}
{{- end }}

{{- define "patron-service.container" -}}
image: {{ include "patron-service.image" . | quote }}
imagePullPolicy: {{ .Values.global.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: { drop: [ALL] }
  seccompProfile: { type: RuntimeDefault }
env: {{- include "patron-service.env" . | nindent 2 }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
{{- if .Values.snapshots }}
  - { name: snapshots, mountPath: /snapshots }
{{- end }}
{{- end }}

{{- define "patron-service.probe" -}}
httpGet: { path: /health/{{ .kind }}, port: http }
periodSeconds: {{ .period }}
timeoutSeconds: 3
failureThreshold: {{ .failures }}
{{- end }}
