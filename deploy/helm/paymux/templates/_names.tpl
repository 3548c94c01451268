{{/* Names, labels and what all pods have in common. Names do not have the release's in them: one site a namespace. */}}

{{- define "paymux.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: paymux
paymux.site: {{ .Values.site }}
{{- end }}

{{/* Of a component: dict "root" $ "component" "node". */}}
{{- define "paymux.selector" -}}
app.kubernetes.io/name: paymux
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "paymux.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "paymux.nats.url" -}}
{{- range $i := until (int .Values.nats.replicas) }}{{ if $i }},{{ end }}tls://paymux-nats-{{ $i }}.paymux-nats.{{ $.Release.Namespace }}.svc.cluster.local:4222{{ end }}
{{- end }}

{{- define "paymux.container.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The beginning of a pod's spec: dict "root" $ "component" "node". */}}
{{- define "paymux.pod" -}}
serviceAccountName: paymux
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 60
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "paymux.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* Keys of Secrets as files of /run/secrets: dict "root" $ "files" (list "Secret/key" …). */}}
{{- define "paymux.secrets" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range .files }}
      {{- $parts := splitList "/" . }}
      - secret: {name: {{ first $parts }}, items: [{key: {{ last $parts }}, path: {{ last $parts }}}]}
      {{- end }}
{{- end }}

{{/* The volumes of a role of Paymux: dict "root" $ "name" <ConfigMap> "party" <of NATS> "more" (list "Secret/key" …). */}}
{{- define "paymux.volumes" -}}
{{- $s := .root.Values.secrets -}}
{{- $files := list (printf "%s/ids_key" $s.ids) (printf "%s/nats_ca.pem" $s.natsCA) (printf "%s%s/%s.nk" $s.natsCredentials .party .party) -}}
- name: config
  configMap: {name: {{ .name }}}
- name: data
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{ include "paymux.secrets" (dict "files" (concat $files (.more | default list))) }}
{{- end }}

{{- define "paymux.mounts" -}}
- {name: config, mountPath: /etc/paymux, readOnly: true}
- {name: secrets, mountPath: /run/secrets, readOnly: true}
- {name: data, mountPath: /var/lib/paymux}
{{- end }}
