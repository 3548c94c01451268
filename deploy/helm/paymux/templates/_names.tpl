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

{{/* The servers of this site: their certificates are for these names, as secrets.sh was told. */}}
{{- define "paymux.nats.url" -}}
{{- $host := .Values.nats.host | replace "%r" .Values.site }}
{{- range $n := untilStep 1 (int (add1 .Values.nats.replicas)) 1 }}{{ if gt $n 1 }},{{ end }}tls://{{ $host | replace "%n" (toString $n) }}:4222{{ end }}
{{- end }}

{{/* What every role answers at monitor.listen: alive from its first moment on, ready when it can do its work. */}}
{{- define "paymux.probes" -}}
ports: [{name: monitor, containerPort: 9090}]
startupProbe: {httpGet: {path: /livez, port: monitor}, periodSeconds: 2, failureThreshold: 30}
livenessProbe: {httpGet: {path: /livez, port: monitor}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
readinessProbe: {httpGet: {path: "/readyz?verbose", port: monitor}, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2}
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
terminationGracePeriodSeconds: 60 # more than access.drain, and 40 s for what is under way
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
{{- with .root.Values.trace }}
{{- if and .endpoint .headers }}{{ $files = append $files (printf "%s/trace_headers" .headers) }}{{ end }}
{{- end -}}
- name: config
  configMap: {name: {{ .name }}}
{{- if ne .party "keys" }}
- name: data
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- end }}
{{ include "paymux.secrets" (dict "files" (concat $files (.more | default list))) }}
{{- end }}

{{- define "paymux.mounts" -}}
- {name: config, mountPath: /etc/paymux, readOnly: true}
- {name: secrets, mountPath: /run/secrets, readOnly: true}
- {name: data, mountPath: /var/lib/paymux}
{{- end }}
