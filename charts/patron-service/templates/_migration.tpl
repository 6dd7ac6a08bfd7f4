{{/* Brings the schema up to date before the new pods start; safe to repeat, so that a failed upgrade can be tried again. */}}
{{- define "patron-service.migration" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "patron-service.fullname" . }}-migrate
  labels: {{- include "patron-service.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "0"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: 4
  activeDeadlineSeconds: {{ .Values.global.migration.secondsMax }}
  # 78 says that the configuration is wrong: trying again does not help.
  podFailurePolicy:
    rules:
      - { action: FailJob, onExitCodes: { containerName: migrate, operator: In, values: [78] } }
  template:
    metadata:
      labels: {{- include "patron-service.labels" . | nindent 8 }}
        app.kubernetes.io/component: migration
    spec:
      restartPolicy: Never
      {{- include "patron-service.pod" . | nindent 6 }}
      containers:
        - name: migrate
          {{- include "patron-service.container" . | nindent 10 }}
          args: [--migrate]
          resources: {{- toYaml .Values.global.migration.resources | nindent 12 }}
{{- end }}
