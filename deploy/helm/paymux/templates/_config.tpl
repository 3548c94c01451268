{{/* What every role's paymux.yaml has: dict "root" $ "role" "node" "party" "node". */}}
{{- define "paymux.config.base" -}}
roles: [{{ .role }}]
data_dir: /var/lib/paymux
region: {name: {{ .root.Values.site }}, number: {{ .root.Values.region.number }}}
ids_key: file:/run/secrets/ids_key
nats:
  url: {{ include "paymux.nats.url" .root }}
  credentials: file:/run/secrets/{{ .party }}.nk
  ca: file:/run/secrets/nats_ca.pem
monitor: {listen: "0.0.0.0:9090"}
{{- with .root.Values.trace }}
{{- if .endpoint }}
trace:
  endpoint: {{ .endpoint }}
  sample: {{ .sample }}
  {{- if .headers }}
  headers: file:/run/secrets/trace_headers
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
A ConfigMap with a role's paymux.yaml: dict "root" $ "name" … "role" … "party" … "own" <what the chart says, a dict>
"more" (list <what the values say>). Later ones win, key by key.
*/}}
{{- define "paymux.config" -}}
{{- $all := mergeOverwrite (include "paymux.config.base" . | fromYaml) (deepCopy .own) (deepCopy .root.Values.config) -}}
{{- range .more }}{{ $all = mergeOverwrite $all (deepCopy (. | default dict)) }}{{ end -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}
  labels: {{- include "paymux.labels" .root | nindent 4 }}
data:
  paymux.yaml: | {{- toYaml $all | nindent 4 }}
{{- end }}
