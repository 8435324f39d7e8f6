{{- define "hawser.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* (dict "root" . "part" "relay") */}}
{{- define "hawser.selector" -}}
app.kubernetes.io/name: hawser
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "hawser.labels" -}}
{{ include "hawser.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "hawser.image" -}}
{{ .root.Values.image.registry }}hawser-{{ .part }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- define "hawser.keySecret" -}}
{{ required "key.existingSecret is needed: a Secret with id_ed25519 and id_ed25519.pub (README.md of the chart)" .Values.key.existingSecret }}
{{- end -}}

{{- define "hawser.postgres" -}}
{{- if eq .Values.store "postgresql" }}yes{{ end -}}
{{- end -}}

{{- define "hawser.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10990
runAsGroup: 10990
fsGroup: 10990
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "hawser.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Volumes come open to everybody in the pod, which the programs refuse for keys and sockets: a folder of their own in them.
     (dict "program" "hawser-relay") */}}
{{- define "hawser.folders" -}}
- {name: STATE_DIRECTORY, value: /var/lib/{{ .program }}/own}
- {name: RUNTIME_DIRECTORY, value: /run/{{ .program }}/own}
{{- end -}}

{{/* (dict "program" "hawser-relay") */}}
{{- define "hawser.probes" -}}
startupProbe:
  exec: {command: [/usr/bin/{{ .program }}, health]}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 1800 # an hour: an update may have to copy and to change a large database
livenessProbe:
  exec: {command: [/usr/bin/{{ .program }}, health]}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  exec: {command: [/usr/bin/{{ .program }}, health, --ready]}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{/* Who sends clients here has heard by then that this pod ends; what comes meanwhile is still served. */}}
{{- define "hawser.ending" -}}
lifecycle:
  preStop:
    {{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}
    sleep: {seconds: 5}
    {{- else }}
    exec: {command: [/bin/sleep, "5"]}
    {{- end }}
{{- end -}}

{{- define "hawser.env" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "hawser.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* ID server and, where wanted, API server: they talk by sockets in folders that both have. */}}
{{- define "hawser.server" -}}
{{- $postgres := include "hawser.postgres" . -}}
{{- $v := .Values -}}
metadata:
  labels: {{- include "hawser.labels" (dict "root" . "part" "server") | nindent 4 }}
  {{- with $v.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ $v.rendezvous.terminationGracePeriodSeconds }}
  securityContext: {{- include "hawser.podSecurity" . | nindent 4 }}
  {{- include "hawser.placement" . | nindent 2 }}
  {{- if $postgres }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "hawser.selector" (dict "root" . "part" "server") | nindent 10 }}
  {{- end }}
  containers:
    - name: rendezvous
      image: {{ include "hawser.image" (dict "root" . "part" "rendezvous") }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      securityContext: {{- include "hawser.containerSecurity" . | nindent 8 }}
      env:
        {{- include "hawser.folders" (dict "program" "hawser-rendezvous") | nindent 8 }}
        - {name: HAWSER_RENDEZVOUS_SECRET_KEY_FILE, value: /run/secrets/hawser/key/id_ed25519}
        - {name: HAWSER_RENDEZVOUS_METRICS, value: "yes"}
        - {name: HAWSER_RENDEZVOUS_METRICS_BIND, value: 0.0.0.0}
        - {name: HAWSER_RENDEZVOUS_RELAY_SERVERS, value: {{ $v.rendezvous.relayServers | quote }}}
        {{- if $postgres }}
        - {name: HAWSER_RENDEZVOUS_STORE_SECRET_FILE, value: /run/secrets/hawser/store/rendezvous}
        - name: HAWSER_RENDEZVOUS_NODE
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        - name: HAWSER_RENDEZVOUS_NODE_ADDRESS
          valueFrom: {fieldRef: {fieldPath: status.podIP}}
        {{- end }}
        {{- if $v.api.enabled }}
        - {name: HAWSER_RENDEZVOUS_POLICY_SOCKET, value: /run/hawser-api/own/policy.sock}
        - {name: HAWSER_RENDEZVOUS_API_SOCKET, value: /run/hawser-api/own/http.sock}
        {{- end }}
        {{- with $v.rendezvous.trustedProxies }}
        - {name: HAWSER_RENDEZVOUS_TRUSTED_PROXIES, value: {{ . | quote }}}
        {{- end }}
        {{- if $v.rendezvous.proxyProtocol }}
        - {name: HAWSER_RENDEZVOUS_PROXY_PROTOCOL, value: "yes"}
        {{- end }}
        {{- include "hawser.env" $v.rendezvous.env | nindent 8 }}
      ports:
        - {name: nat, containerPort: 21115, protocol: TCP}
        - {name: nat-udp, containerPort: 21115, protocol: UDP}
        - {name: id, containerPort: 21116, protocol: TCP}
        - {name: id-udp, containerPort: 21116, protocol: UDP}
        - {name: id-ws, containerPort: 21118, protocol: TCP}
        - {name: nodes, containerPort: 21120, protocol: TCP}
        - {name: metrics, containerPort: 21126, protocol: TCP}
      {{- include "hawser.probes" (dict "program" "hawser-rendezvous") | nindent 6 }}
      {{- include "hawser.ending" . | nindent 6 }}
      resources: {{- toYaml $v.rendezvous.resources | nindent 8 }}
      volumeMounts:
        - {name: state, mountPath: /var/lib/hawser-rendezvous}
        - {name: run-rendezvous, mountPath: /run/hawser-rendezvous}
        - {name: run-api, mountPath: /run/hawser-api}
        - {name: key, mountPath: /run/secrets/hawser/key, readOnly: true}
        {{- if $postgres }}
        - {name: store, mountPath: /run/secrets/hawser/store, readOnly: true}
        {{- end }}
    {{- if $v.api.enabled }}
    - name: api
      image: {{ include "hawser.image" (dict "root" . "part" "api") }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      securityContext: {{- include "hawser.containerSecurity" . | nindent 8 }}
      env:
        {{- include "hawser.folders" (dict "program" "hawser-api") | nindent 8 }}
        - {name: HAWSER_API_RENDEZVOUS_CONTROL, value: /run/hawser-rendezvous/own/control.sock}
        - {name: HAWSER_API_METRICS, value: "yes"}
        - {name: HAWSER_API_METRICS_BIND, value: 0.0.0.0}
        {{- with $v.api.publicUrl }}
        - {name: HAWSER_API_PUBLIC_URL, value: {{ . | quote }}}
        {{- end }}
        {{- with $v.rendezvous.trustedProxies }}
        - {name: HAWSER_API_TRUSTED_PROXIES, value: {{ . | quote }}}
        {{- end }}
        {{- if $postgres }}
        - {name: HAWSER_API_STORE_SECRET_FILE, value: /run/secrets/hawser/store/api}
        {{- end }}
        {{- include "hawser.env" $v.api.env | nindent 8 }}
      ports:
        - {name: api, containerPort: 21114, protocol: TCP}
        - {name: api-metrics, containerPort: 21124, protocol: TCP}
      {{- include "hawser.probes" (dict "program" "hawser-api") | nindent 6 }}
      {{- include "hawser.ending" . | nindent 6 }}
      resources: {{- toYaml $v.api.resources | nindent 8 }}
      volumeMounts:
        - {name: api, mountPath: /var/lib/hawser-api}
        - {name: run-api, mountPath: /run/hawser-api}
        - {name: run-rendezvous, mountPath: /run/hawser-rendezvous}
        {{- if $postgres }}
        - {name: store, mountPath: /run/secrets/hawser/store, readOnly: true}
        {{- end }}
    {{- end }}
  volumes:
    - name: run-rendezvous
      emptyDir: {medium: Memory, sizeLimit: 4Mi}
    - name: run-api
      emptyDir: {medium: Memory, sizeLimit: 4Mi}
    - name: key
      secret:
        secretName: {{ include "hawser.keySecret" . }}
        defaultMode: 0440
        items: [{key: id_ed25519, path: id_ed25519}]
    {{- if $postgres }}
    - name: state
      emptyDir: {sizeLimit: 64Mi}
    - name: store
      secret:
        secretName: {{ required "postgresql.existingSecret is needed: a Secret with the entries rendezvous and api (README.md of the chart)" $v.postgresql.existingSecret }}
        defaultMode: 0440
    {{- end }}
    {{- if $v.api.enabled }}
    - name: api
      persistentVolumeClaim:
        claimName: {{ $v.api.persistence.existingClaim | default (printf "%s-api" (include "hawser.name" .)) }}
    {{- end }}
{{- end -}}
