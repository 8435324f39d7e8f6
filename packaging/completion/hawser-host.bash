# bash completion of hawser-host: made by 'hawser-host completion bash'.

_hawser_host_verbs=' run id password status doctor call chat print kick permit audit config '

_hawser_host_options()
{
	case $1 in
	run) echo ' --config -c --state-dir --control-socket --log-level --log-format --server -s --key -k --relay --resolve-every --require-server-proof --only-known-relays --disable-udp --allow-websocket --proxy-url --proxy-username --direct-server --direct-port --direct-bind --lan-port --map-ports --api-server --strategies --display -d --backend --notify --no-notify --exact-text --no-exact-text --hardware-codecs --desktop-user --service-user --gate-user --voice-call --voice-into --camera-size --camera-fps --second-viewer --verification-method --temporary-password-length --allow-numeric-one-time-password --weak-one-time-password --whitelist --id-whitelist --trust-server-addresses --viewer-keys --require-v2 --require-encryption --max-connections --max-per-address --login-timeout --sandbox --no-sandbox --restart-command --viewer-command --files-roots --files-access --terminal-max --terminal-keep --tunnel-targets --tunnel-listen --tunnel-streams --record-incoming --recording-folder --recording-keep --recording-max-size --access-mode --enable-keyboard --no-enable-keyboard --enable-clipboard --no-enable-clipboard --clipboard-direction --one-way-clipboard-redirection --enable-audio --no-enable-audio --enable-file-transfer --no-enable-file-transfer --enable-camera --no-enable-camera --enable-terminal --no-enable-terminal --enable-tunnel --no-enable-tunnel --enable-remote-restart --no-enable-remote-restart --enable-record-session --no-enable-record-session --enable-block-input --no-enable-block-input --enable-privacy-mode --no-enable-privacy-mode --enable-remote-printer --no-enable-remote-printer --help' ;;
	status) echo ' --json --help' ;;
	doctor) echo ' --json --help' ;;
	audit) echo ' --json --follow --since --help' ;;
	*) echo ' --config -c --state-dir --control-socket --log-level --log-format --server -s --key -k --relay --resolve-every --require-server-proof --only-known-relays --disable-udp --allow-websocket --proxy-url --proxy-username --direct-server --direct-port --direct-bind --lan-port --map-ports --api-server --strategies --display -d --backend --notify --no-notify --exact-text --no-exact-text --hardware-codecs --desktop-user --service-user --gate-user --voice-call --voice-into --camera-size --camera-fps --second-viewer --verification-method --temporary-password-length --allow-numeric-one-time-password --weak-one-time-password --whitelist --id-whitelist --trust-server-addresses --viewer-keys --require-v2 --require-encryption --max-connections --max-per-address --login-timeout --sandbox --no-sandbox --restart-command --viewer-command --files-roots --files-access --terminal-max --terminal-keep --tunnel-targets --tunnel-listen --tunnel-streams --record-incoming --recording-folder --recording-keep --recording-max-size --access-mode --enable-keyboard --no-enable-keyboard --enable-clipboard --no-enable-clipboard --clipboard-direction --one-way-clipboard-redirection --enable-audio --no-enable-audio --enable-file-transfer --no-enable-file-transfer --enable-camera --no-enable-camera --enable-terminal --no-enable-terminal --enable-tunnel --no-enable-tunnel --enable-remote-restart --no-enable-remote-restart --enable-record-session --no-enable-record-session --enable-block-input --no-enable-block-input --enable-privacy-mode --no-enable-privacy-mode --enable-remote-printer --no-enable-remote-printer --help --version' ;;
	esac
}

_hawser_host_value()
{
	case $1 in
	'run --config'|'run -c') echo 'file' ;;
	'run --state-dir') echo 'dir' ;;
	'run --control-socket') echo 'file' ;;
	'run --log-level') echo 'any error warn info debug trace' ;;
	'run --log-format') echo 'any text json journal' ;;
	'run --server'|'run -s') echo 'any' ;;
	'run --key'|'run -k') echo 'any' ;;
	'run --relay') echo 'any' ;;
	'run --resolve-every') echo 'any' ;;
	'run --require-server-proof') echo 'any auto yes no' ;;
	'run --proxy-url') echo 'any' ;;
	'run --proxy-username') echo 'any' ;;
	'run --direct-server') echo 'any auto yes no' ;;
	'run --direct-port') echo 'any' ;;
	'run --direct-bind') echo 'any' ;;
	'run --lan-port') echo 'any' ;;
	'run --api-server') echo 'any' ;;
	'run --strategies') echo 'any off narrow on' ;;
	'run --display'|'run -d') echo 'any' ;;
	'run --backend') echo 'any' ;;
	'run --hardware-codecs') echo 'any auto off' ;;
	'run --desktop-user') echo 'any' ;;
	'run --service-user') echo 'any' ;;
	'run --gate-user') echo 'any' ;;
	'run --voice-call') echo 'any off ask auto' ;;
	'run --voice-into') echo 'any loudspeakers microphone' ;;
	'run --camera-size') echo 'any' ;;
	'run --camera-fps') echo 'any' ;;
	'run --second-viewer') echo 'any share ask take-over refuse' ;;
	'run --verification-method') echo 'any use-both-passwords use-temporary-password use-permanent-password' ;;
	'run --temporary-password-length') echo 'any 6 8 10' ;;
	'run --whitelist') echo 'any' ;;
	'run --id-whitelist') echo 'any' ;;
	'run --viewer-keys') echo 'any' ;;
	'run --require-encryption') echo 'any auto yes no' ;;
	'run --max-connections') echo 'any' ;;
	'run --max-per-address') echo 'any' ;;
	'run --login-timeout') echo 'any' ;;
	'run --restart-command') echo 'file' ;;
	'run --viewer-command') echo 'file' ;;
	'run --files-roots') echo 'dir' ;;
	'run --files-access') echo 'any read-write read-only write-only' ;;
	'run --terminal-max') echo 'any' ;;
	'run --terminal-keep') echo 'any' ;;
	'run --tunnel-targets') echo 'any' ;;
	'run --tunnel-listen') echo 'any' ;;
	'run --tunnel-streams') echo 'any' ;;
	'run --recording-folder') echo 'dir' ;;
	'run --recording-keep') echo 'any' ;;
	'run --recording-max-size') echo 'any' ;;
	'run --access-mode') echo 'any custom full view' ;;
	'run --clipboard-direction') echo 'any both to-host from-host off' ;;
	'audit --since') echo 'any' ;;
	*' --config'|*' -c') echo 'file' ;;
	*' --state-dir') echo 'dir' ;;
	*' --control-socket') echo 'file' ;;
	*' --log-level') echo 'any error warn info debug trace' ;;
	*' --log-format') echo 'any text json journal' ;;
	*' --server'|*' -s') echo 'any' ;;
	*' --key'|*' -k') echo 'any' ;;
	*' --relay') echo 'any' ;;
	*' --resolve-every') echo 'any' ;;
	*' --require-server-proof') echo 'any auto yes no' ;;
	*' --proxy-url') echo 'any' ;;
	*' --proxy-username') echo 'any' ;;
	*' --direct-server') echo 'any auto yes no' ;;
	*' --direct-port') echo 'any' ;;
	*' --direct-bind') echo 'any' ;;
	*' --lan-port') echo 'any' ;;
	*' --api-server') echo 'any' ;;
	*' --strategies') echo 'any off narrow on' ;;
	*' --display'|*' -d') echo 'any' ;;
	*' --backend') echo 'any' ;;
	*' --hardware-codecs') echo 'any auto off' ;;
	*' --desktop-user') echo 'any' ;;
	*' --service-user') echo 'any' ;;
	*' --gate-user') echo 'any' ;;
	*' --voice-call') echo 'any off ask auto' ;;
	*' --voice-into') echo 'any loudspeakers microphone' ;;
	*' --camera-size') echo 'any' ;;
	*' --camera-fps') echo 'any' ;;
	*' --second-viewer') echo 'any share ask take-over refuse' ;;
	*' --verification-method') echo 'any use-both-passwords use-temporary-password use-permanent-password' ;;
	*' --temporary-password-length') echo 'any 6 8 10' ;;
	*' --whitelist') echo 'any' ;;
	*' --id-whitelist') echo 'any' ;;
	*' --viewer-keys') echo 'any' ;;
	*' --require-encryption') echo 'any auto yes no' ;;
	*' --max-connections') echo 'any' ;;
	*' --max-per-address') echo 'any' ;;
	*' --login-timeout') echo 'any' ;;
	*' --restart-command') echo 'file' ;;
	*' --viewer-command') echo 'file' ;;
	*' --files-roots') echo 'dir' ;;
	*' --files-access') echo 'any read-write read-only write-only' ;;
	*' --terminal-max') echo 'any' ;;
	*' --terminal-keep') echo 'any' ;;
	*' --tunnel-targets') echo 'any' ;;
	*' --tunnel-listen') echo 'any' ;;
	*' --tunnel-streams') echo 'any' ;;
	*' --recording-folder') echo 'dir' ;;
	*' --recording-keep') echo 'any' ;;
	*' --recording-max-size') echo 'any' ;;
	*' --access-mode') echo 'any custom full view' ;;
	*' --clipboard-direction') echo 'any both to-host from-host off' ;;
	*) return 1 ;;
	esac
}

_hawser_host_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_host_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_host_verbs" ;;
	'password 0 '*) echo "words show renew set remove" ;;
	'call 0 '*) echo "words accept reject end status" ;;
	'print 0 '*) echo "file" ;;
	'print '*) echo file ;;
	'kick 0 '*) echo "words all" ;;
	'config 1 get'|'config 1 set') echo "words $(_hawser_host_settings "$4")" ;;
	'config 0 '*) echo "words show check get path set" ;;
	esac
}

_hawser_host()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_host_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_host_verbs == *" $word "* ]]; then
			verb=$word
		else
			count=$((count + 1))
			first=${first:-$word}
		fi
	done
	if [[ $current == = ]]; then
		current=
	elif [[ $previous == = ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	if [[ $previous == -* ]] && what=$(_hawser_host_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_host_options "$verb")"
	else
		what=$(_hawser_host_words "$verb" $count "$first" "${COMP_WORDS[0]}")
	fi
	[[ $what == *' '* ]] && words=${what#* }
	mapfile -t COMPREPLY < <(
		compgen -W "$words" -- "$current" || :
		case $what in
		file*) compgen -f -- "$current" ;;
		dir*) compgen -d -- "$current" ;;
		esac
	)
}

complete -o filenames -F _hawser_host hawser-host
