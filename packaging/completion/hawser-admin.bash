# bash completion of hawser-admin: made by 'hawser-admin completion bash'.

_hawser_admin_nouns='user group dgroup device session book entry rule role strategy audit token recording notice oidc ldap config relay peer key db server apply status doctor why completion stats peers devices name remove unenrol kick block unblock allow unallow rules group-add group-remove enrol relays relay-drain relay-resume nodes log-level drain'

_hawser_admin_verbs()
{
	case $1 in
	user) echo 'list show add set enable disable delete passwd link logout sessions 2fa-require 2fa-release 2fa-reset import export setup-link token break-glass' ;;
	group) echo 'list show add set delete members add-member remove-member' ;;
	dgroup) echo 'list show add set delete members add-member remove-member' ;;
	device) echo 'list show set assign approve enable disable delete kick tag untag tags why strategy import export' ;;
	session) echo 'list end' ;;
	book) echo 'list show add set delete shares share unshare tags tag untag' ;;
	entry) echo 'list show add set delete restore import export' ;;
	rule) echo 'list show add set enable disable delete test' ;;
	role) echo 'list show add set delete' ;;
	strategy) echo 'list show add set unset enable disable delete targets assign unassign effective options' ;;
	audit) echo 'list conn file alarm console login export verify' ;;
	token) echo 'list add set revoke' ;;
	recording) echo 'list get key open delete' ;;
	notice) echo 'list show add set delete test mail mail-set mail-test' ;;
	oidc) echo 'list show add set enable disable delete' ;;
	ldap) echo 'show set test' ;;
	config) echo 'show set rendezvous relay api' ;;
	relay) echo 'list show add set drain undrain off delete test pairs usage stats limit block unblock kick config log-level' ;;
	peer) echo 'list known show why kick name remove enrol unenrol block unblock allow unallow rules' ;;
	key) echo 'show' ;;
	db) echo 'status backup backup-api restore import-hbbs import' ;;
	server) echo 'status config log-level reload drain nodes doctor' ;;
	completion) echo 'bash zsh fish' ;;
	esac
}

_hawser_admin_options()
{
	case $1 in
	'user list') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'user show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'user add') echo '--display-name --email --role --status --group --control-role --totp-required --mail-code --max-sessions --note --password-file --password-stdin --generate --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'user set') echo '--name --display-name --email --role --status --group --control-role --totp-required --mail-code --max-sessions --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user enable') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user disable') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user delete') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user passwd') echo '--password-file --password-stdin --generate --must-change --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'user link') echo '--q --role --status --group --mail --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user logout') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user sessions') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'user 2fa-require') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user 2fa-release') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user 2fa-reset') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'user import') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'user export') echo '--q --role --status --group --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'user setup-link') echo '--config --database --data-dir --url --socket --json --help ' ;;
	'user token') echo '--scope --expires --config --database --data-dir --socket --json --dry-run --help ' ;;
	'user break-glass') echo '--config --database --data-dir --password-file --password-stdin --generate --socket --json --format --columns --quiet --dry-run --help ' ;;
	'group list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'group show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'group add') echo '--intra --note --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'group set') echo '--name --intra --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'group delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'group members') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'group add-member') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'group remove-member') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'book list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'book show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'book add') echo '--owner --note --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'book set') echo '--name --owner --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'book delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'book shares') echo '--book --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'book share') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'book unshare') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'book tags') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'book tag') echo '--color --rename --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'book untag') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'entry list') echo '--book --q --tag --deleted --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'entry show') echo '--book --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'entry add') echo '--book --alias --note --tags --login-name --force-relay --password-file --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'entry set') echo '--book --alias --note --tags --login-name --force-relay --password-file --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'entry delete') echo '--book --q --tag --deleted --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'entry restore') echo '--book --q --tag --deleted --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'entry import') echo '--book --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'entry export') echo '--book --q --tag --deleted --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'token list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'token add') echo '--scope --expires --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'token set') echo '--name --expires --enabled --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'token revoke') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device list') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'device show') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'device set') echo '--name --owner --group --tags --closed --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device assign') echo '--owner --group --name --note --strategy --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device approve') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device enable') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device disable') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device delete') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device kick') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device tag') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device untag') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'device tags') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'device why') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'device strategy') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'device import') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'device export') echo '--q --online --status --group --owner --tag --os --offline --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'dgroup list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'dgroup show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'dgroup add') echo '--note --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'dgroup set') echo '--name --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'dgroup delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'dgroup members') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'dgroup add-member') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'dgroup remove-member') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'session list') echo '--device --user --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'session end') echo '--device --user --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'recording list') echo '--device --user --since --until --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'recording get') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'recording key') echo '--name --socket --json --help ' ;;
	'recording open') echo '--key --socket --json --help ' ;;
	'recording delete') echo '--device --user --since --until --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'rule list') echo '--q --enabled --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'rule show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'rule add') echo '--from --to --role --days --hours --zone --until --enabled --note --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'rule set') echo '--name --from --to --role --days --hours --zone --until --enabled --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'rule enable') echo '--q --enabled --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'rule disable') echo '--q --enabled --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'rule delete') echo '--q --enabled --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'rule test') echo '--at --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'role list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'role show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'role add') echo '--allow --deny --leave --enabled --note --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'role set') echo '--name --allow --deny --leave --enabled --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'role delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'strategy list') echo '--q --enabled --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'strategy show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'strategy add') echo '--option --enforce --enabled --note --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'strategy set') echo '--name --option --enforce --enabled --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'strategy unset') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'strategy enable') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'strategy disable') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'strategy delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'strategy targets') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'strategy assign') echo '--devices --users --dgroups --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'strategy unassign') echo '--devices --users --dgroups --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'strategy effective') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'strategy options') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'audit list') echo '--kind --q --since --until --device --actor --address --follow --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'audit conn') echo '--q --since --until --device --actor --address --follow --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'audit file') echo '--q --since --until --device --actor --address --follow --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'audit alarm') echo '--q --since --until --device --actor --address --follow --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'audit console') echo '--q --since --until --device --actor --address --follow --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'audit login') echo '--q --since --until --device --actor --address --follow --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'audit export') echo '--as --kind --q --since --until --device --actor --address --server --token-file --ca-file --proxy --profile --local --timeout --json --help ' ;;
	'audit verify') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'relay list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'relay show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'relay add') echo '--address --control --state --weight --note --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'relay set') echo '--name --address --control --state --weight --note --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'relay drain') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'relay undrain') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'relay off') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'relay delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'relay test') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'notice list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'notice show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'notice add') echo '--url --enabled --alarms --secret-file --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'notice set') echo '--name --url --enabled --alarms --secret-file --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'notice delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'notice test') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'notice mail') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'notice mail-set') echo '--enabled --host --port --security --user --password-file --from --to --alarms --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'notice mail-test') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'oidc list') echo '--q --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --sort --limit --quiet --help ' ;;
	'oidc show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --yes --all --help ' ;;
	'oidc add') echo '--title --issuer --client-id --client-secret-file --scopes --auto-create --domains --group-map --enabled --if-missing --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'oidc set') echo '--name --title --issuer --client-id --client-secret-file --scopes --auto-create --domains --group-map --enabled --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'oidc enable') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'oidc disable') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'oidc delete') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --yes --all --help ' ;;
	'ldap show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'ldap set') echo '--enabled --url --starttls --bind-dn --password-file --base --filter --name-attribute --auto-create --group-map --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'ldap test') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'config show') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'config set') echo '--require-approval --require-login --require-totp --accessible-lists --default-group --session-hours --lockout-tries --lockout-minutes --audit-days --recording-days --forget-unseen-days --allowed-origins --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'config rendezvous') echo '--socket --json --help ' ;;
	'config relay') echo '--socket --json --help ' ;;
	'config api') echo '--socket --json --help ' ;;
	'peer list') echo '--socket --json --help ' ;;
	'peer known') echo '--socket --json --help ' ;;
	'peer show') echo '--socket --json --help ' ;;
	'peer why') echo '--socket --json --help ' ;;
	'peer kick') echo '--socket --json --dry-run --help ' ;;
	'peer name') echo '--socket --json --dry-run --help ' ;;
	'peer remove') echo '--socket --json --dry-run --help ' ;;
	'peer enrol') echo '--socket --json --dry-run --help ' ;;
	'peer unenrol') echo '--socket --json --dry-run --help ' ;;
	'peer block') echo '--force --socket --json --dry-run --help ' ;;
	'peer unblock') echo '--socket --json --dry-run --help ' ;;
	'peer allow') echo '--socket --json --dry-run --help ' ;;
	'peer unallow') echo '--socket --json --dry-run --help ' ;;
	'peer rules') echo '--socket --json --help ' ;;
	'key show') echo '--socket --json --help ' ;;
	'db status') echo '--config --state-dir --store --socket --json --help ' ;;
	'db backup') echo '--config --state-dir --store --socket --json --help ' ;;
	'db backup-api') echo '--config --database --data-dir --socket --json --help ' ;;
	'db restore') echo '--config --state-dir --store --force --socket --json --help ' ;;
	'db import-hbbs') echo '--config --state-dir --store --key-file --no-key --socket --json --help ' ;;
	'db import') echo '--from --take-rights --config --database --data-dir --socket --json --format --columns --sort --limit --quiet --dry-run --help ' ;;
	'server status') echo '--of --socket --json --help ' ;;
	'server config') echo '--of --socket --json --help ' ;;
	'server log-level') echo '--of --socket --json --dry-run --help ' ;;
	'server reload') echo '--socket --json --dry-run --help ' ;;
	'server drain') echo '--of --socket --json --dry-run --help ' ;;
	'server nodes') echo '--socket --json --help ' ;;
	'server doctor') echo '--host --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'apply') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --dry-run --help ' ;;
	'doctor') echo '--host --server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'why') echo '--socket --json --help ' ;;
	'status') echo '--server --token-file --ca-file --proxy --profile --local --timeout --json --format --columns --quiet --help ' ;;
	'completion') echo '--socket --json --help ' ;;
	*) echo '--server --token-file --ca-file --proxy --profile --local --timeout --socket --json --format --columns --sort --limit --quiet --dry-run --yes --all --help --version' ;;
	esac
}

_hawser_admin_choices()
{
	case $1 in
	'user list --role') echo 'owner admin operator auditor read-only user' ;;
	'user list --status') echo 'active disabled invited' ;;
	'user add --role') echo 'owner admin operator auditor read-only user' ;;
	'user add --status') echo 'active disabled invited' ;;
	'user add --totp-required') echo 'yes no' ;;
	'user add --mail-code') echo 'yes no' ;;
	'user set --role') echo 'owner admin operator auditor read-only user' ;;
	'user set --status') echo 'active disabled invited' ;;
	'user set --totp-required') echo 'yes no' ;;
	'user set --mail-code') echo 'yes no' ;;
	'user enable --role') echo 'owner admin operator auditor read-only user' ;;
	'user enable --status') echo 'active disabled invited' ;;
	'user disable --role') echo 'owner admin operator auditor read-only user' ;;
	'user disable --status') echo 'active disabled invited' ;;
	'user delete --role') echo 'owner admin operator auditor read-only user' ;;
	'user delete --status') echo 'active disabled invited' ;;
	'user passwd --must-change') echo 'yes no' ;;
	'user link --role') echo 'owner admin operator auditor read-only user' ;;
	'user link --status') echo 'active disabled invited' ;;
	'user logout --role') echo 'owner admin operator auditor read-only user' ;;
	'user logout --status') echo 'active disabled invited' ;;
	'user 2fa-require --role') echo 'owner admin operator auditor read-only user' ;;
	'user 2fa-require --status') echo 'active disabled invited' ;;
	'user 2fa-release --role') echo 'owner admin operator auditor read-only user' ;;
	'user 2fa-release --status') echo 'active disabled invited' ;;
	'user export --role') echo 'owner admin operator auditor read-only user' ;;
	'user export --status') echo 'active disabled invited' ;;
	'group add --intra') echo 'yes no' ;;
	'group set --intra') echo 'yes no' ;;
	'entry list --deleted') echo 'yes no' ;;
	'entry add --force-relay') echo 'yes no' ;;
	'entry set --force-relay') echo 'yes no' ;;
	'entry delete --deleted') echo 'yes no' ;;
	'entry restore --deleted') echo 'yes no' ;;
	'entry export --deleted') echo 'yes no' ;;
	'token set --enabled') echo 'yes no' ;;
	'device list --online') echo 'yes no' ;;
	'device list --status') echo 'active disabled pending' ;;
	'device show --online') echo 'yes no' ;;
	'device show --status') echo 'active disabled pending' ;;
	'device set --closed') echo 'yes no' ;;
	'device approve --online') echo 'yes no' ;;
	'device approve --status') echo 'active disabled pending' ;;
	'device enable --online') echo 'yes no' ;;
	'device enable --status') echo 'active disabled pending' ;;
	'device disable --online') echo 'yes no' ;;
	'device disable --status') echo 'active disabled pending' ;;
	'device delete --online') echo 'yes no' ;;
	'device delete --status') echo 'active disabled pending' ;;
	'device kick --online') echo 'yes no' ;;
	'device kick --status') echo 'active disabled pending' ;;
	'device tag --online') echo 'yes no' ;;
	'device tag --status') echo 'active disabled pending' ;;
	'device untag --online') echo 'yes no' ;;
	'device untag --status') echo 'active disabled pending' ;;
	'device export --online') echo 'yes no' ;;
	'device export --status') echo 'active disabled pending' ;;
	'rule list --enabled') echo 'yes no' ;;
	'rule add --enabled') echo 'yes no' ;;
	'rule set --enabled') echo 'yes no' ;;
	'rule enable --enabled') echo 'yes no' ;;
	'rule disable --enabled') echo 'yes no' ;;
	'rule delete --enabled') echo 'yes no' ;;
	'role add --enabled') echo 'yes no' ;;
	'role set --enabled') echo 'yes no' ;;
	'strategy list --enabled') echo 'yes no' ;;
	'strategy add --enforce') echo 'yes no' ;;
	'strategy add --enabled') echo 'yes no' ;;
	'strategy set --enforce') echo 'yes no' ;;
	'strategy set --enabled') echo 'yes no' ;;
	'audit list --kind') echo 'connection file alarm console login' ;;
	'audit export --as') echo 'csv jsonl' ;;
	'audit export --kind') echo 'connection file alarm console login' ;;
	'relay add --state') echo 'on drain off' ;;
	'relay set --state') echo 'on drain off' ;;
	'notice add --enabled') echo 'yes no' ;;
	'notice set --enabled') echo 'yes no' ;;
	'notice mail-set --enabled') echo 'yes no' ;;
	'notice mail-set --security') echo 'starttls tls none' ;;
	'oidc add --auto-create') echo 'yes no' ;;
	'oidc add --enabled') echo 'yes no' ;;
	'oidc set --auto-create') echo 'yes no' ;;
	'oidc set --enabled') echo 'yes no' ;;
	'ldap set --enabled') echo 'yes no' ;;
	'ldap set --starttls') echo 'yes no' ;;
	'ldap set --auto-create') echo 'yes no' ;;
	'config set --require-approval') echo 'yes no' ;;
	'config set --require-login') echo 'yes no' ;;
	'config set --require-totp') echo 'yes no' ;;
	'config set --accessible-lists') echo 'yes no' ;;
	'server status --of') echo 'rendezvous relay api' ;;
	'server config --of') echo 'rendezvous relay api' ;;
	'server log-level --of') echo 'rendezvous relay api' ;;
	'server drain --of') echo 'rendezvous relay api' ;;
	*' --format') echo 'table json jsonl csv ids' ;;
	esac
}

_hawser_admin_value()
{
	case $1 in
	'user list --q'|'user list --role'|'user list --status'|'user list --group'|'user add --display-name'|'user add --email'|'user add --role'|'user add --status'|'user add --group'|'user add --control-role'|'user add --totp-required'|'user add --mail-code'|'user add --max-sessions'|'user add --note'|'user add --password-file'|'user set --name'|'user set --display-name'|'user set --email'|'user set --role'|'user set --status'|'user set --group'|'user set --control-role'|'user set --totp-required'|'user set --mail-code'|'user set --max-sessions'|'user set --note'|'user enable --q'|'user enable --role'|'user enable --status'|'user enable --group'|'user disable --q'|'user disable --role'|'user disable --status'|'user disable --group'|'user delete --q'|'user delete --role'|'user delete --status'|'user delete --group'|'user passwd --password-file'|'user passwd --must-change'|'user link --q'|'user link --role'|'user link --status'|'user link --group'|'user logout --q'|'user logout --role'|'user logout --status'|'user logout --group'|'user 2fa-require --q'|'user 2fa-require --role'|'user 2fa-require --status'|'user 2fa-require --group'|'user 2fa-release --q'|'user 2fa-release --role'|'user 2fa-release --status'|'user 2fa-release --group'|'user export --q'|'user export --role'|'user export --status'|'user export --group'|'user setup-link --config'|'user setup-link --database'|'user setup-link --data-dir'|'user setup-link --url'|'user token --scope'|'user token --expires'|'user token --config'|'user token --database'|'user token --data-dir'|'user break-glass --config'|'user break-glass --database'|'user break-glass --data-dir'|'user break-glass --password-file'|'group list --q'|'group add --intra'|'group add --note'|'group set --name'|'group set --intra'|'group set --note'|'book list --q'|'book add --owner'|'book add --note'|'book set --name'|'book set --owner'|'book set --note'|'book shares --book'|'book tag --color'|'book tag --rename'|'entry list --book'|'entry list --q'|'entry list --tag'|'entry list --deleted'|'entry show --book'|'entry add --book'|'entry add --alias'|'entry add --note'|'entry add --tags'|'entry add --login-name'|'entry add --force-relay'|'entry add --password-file'|'entry set --book'|'entry set --alias'|'entry set --note'|'entry set --tags'|'entry set --login-name'|'entry set --force-relay'|'entry set --password-file'|'entry delete --book'|'entry delete --q'|'entry delete --tag'|'entry delete --deleted'|'entry restore --book'|'entry restore --q'|'entry restore --tag'|'entry restore --deleted'|'entry import --book'|'entry export --book'|'entry export --q'|'entry export --tag'|'entry export --deleted'|'token list --q'|'token add --scope'|'token add --expires'|'token set --name'|'token set --expires'|'token set --enabled'|'device list --q'|'device list --online'|'device list --status'|'device list --group'|'device list --owner'|'device list --tag'|'device list --os'|'device list --offline'|'device show --q'|'device show --online'|'device show --status'|'device show --group'|'device show --owner'|'device show --tag'|'device show --os'|'device show --offline'|'device set --name'|'device set --owner'|'device set --group'|'device set --tags'|'device set --closed'|'device set --note'|'device assign --owner'|'device assign --group'|'device assign --name'|'device assign --note'|'device assign --strategy'|'device approve --q'|'device approve --online'|'device approve --status'|'device approve --group'|'device approve --owner'|'device approve --tag'|'device approve --os'|'device approve --offline'|'device enable --q'|'device enable --online'|'device enable --status'|'device enable --group'|'device enable --owner'|'device enable --tag'|'device enable --os'|'device enable --offline'|'device disable --q'|'device disable --online'|'device disable --status'|'device disable --group'|'device disable --owner'|'device disable --tag'|'device disable --os'|'device disable --offline'|'device delete --q'|'device delete --online'|'device delete --status'|'device delete --group'|'device delete --owner'|'device delete --tag'|'device delete --os'|'device delete --offline'|'device kick --q'|'device kick --online'|'device kick --status'|'device kick --group'|'device kick --owner'|'device kick --tag'|'device kick --os'|'device kick --offline'|'device tag --q'|'device tag --online'|'device tag --status'|'device tag --group'|'device tag --owner'|'device tag --tag'|'device tag --os'|'device tag --offline'|'device untag --q'|'device untag --online'|'device untag --status'|'device untag --group'|'device untag --owner'|'device untag --tag'|'device untag --os'|'device untag --offline'|'device tags --q'|'device export --q'|'device export --online'|'device export --status'|'device export --group'|'device export --owner'|'device export --tag'|'device export --os'|'device export --offline'|'dgroup list --q'|'dgroup add --note'|'dgroup set --name'|'dgroup set --note'|'session list --device'|'session list --user'|'session end --device'|'session end --user'|'recording list --device'|'recording list --user'|'recording list --since'|'recording list --until'|'recording key --name'|'recording open --key'|'recording delete --device'|'recording delete --user'|'recording delete --since'|'recording delete --until'|'rule list --q'|'rule list --enabled'|'rule add --from'|'rule add --to'|'rule add --role'|'rule add --days'|'rule add --hours'|'rule add --zone'|'rule add --until'|'rule add --enabled'|'rule add --note'|'rule set --name'|'rule set --from'|'rule set --to'|'rule set --role'|'rule set --days'|'rule set --hours'|'rule set --zone'|'rule set --until'|'rule set --enabled'|'rule set --note'|'rule enable --q'|'rule enable --enabled'|'rule disable --q'|'rule disable --enabled'|'rule delete --q'|'rule delete --enabled'|'rule test --at'|'role list --q'|'role add --allow'|'role add --deny'|'role add --leave'|'role add --enabled'|'role add --note'|'role set --name'|'role set --allow'|'role set --deny'|'role set --leave'|'role set --enabled'|'role set --note'|'strategy list --q'|'strategy list --enabled'|'strategy add --option'|'strategy add --enforce'|'strategy add --enabled'|'strategy add --note'|'strategy set --name'|'strategy set --option'|'strategy set --enforce'|'strategy set --enabled'|'strategy set --note'|'strategy assign --devices'|'strategy assign --users'|'strategy assign --dgroups'|'strategy unassign --devices'|'strategy unassign --users'|'strategy unassign --dgroups'|'audit list --kind'|'audit list --q'|'audit list --since'|'audit list --until'|'audit list --device'|'audit list --actor'|'audit list --address'|'audit conn --q'|'audit conn --since'|'audit conn --until'|'audit conn --device'|'audit conn --actor'|'audit conn --address'|'audit file --q'|'audit file --since'|'audit file --until'|'audit file --device'|'audit file --actor'|'audit file --address'|'audit alarm --q'|'audit alarm --since'|'audit alarm --until'|'audit alarm --device'|'audit alarm --actor'|'audit alarm --address'|'audit console --q'|'audit console --since'|'audit console --until'|'audit console --device'|'audit console --actor'|'audit console --address'|'audit login --q'|'audit login --since'|'audit login --until'|'audit login --device'|'audit login --actor'|'audit login --address'|'audit export --as'|'audit export --kind'|'audit export --q'|'audit export --since'|'audit export --until'|'audit export --device'|'audit export --actor'|'audit export --address'|'relay list --q'|'relay add --address'|'relay add --control'|'relay add --state'|'relay add --weight'|'relay add --note'|'relay set --name'|'relay set --address'|'relay set --control'|'relay set --state'|'relay set --weight'|'relay set --note'|'notice list --q'|'notice add --url'|'notice add --enabled'|'notice add --alarms'|'notice add --secret-file'|'notice set --name'|'notice set --url'|'notice set --enabled'|'notice set --alarms'|'notice set --secret-file'|'notice mail-set --enabled'|'notice mail-set --host'|'notice mail-set --port'|'notice mail-set --security'|'notice mail-set --user'|'notice mail-set --password-file'|'notice mail-set --from'|'notice mail-set --to'|'notice mail-set --alarms'|'oidc list --q'|'oidc add --title'|'oidc add --issuer'|'oidc add --client-id'|'oidc add --client-secret-file'|'oidc add --scopes'|'oidc add --auto-create'|'oidc add --domains'|'oidc add --group-map'|'oidc add --enabled'|'oidc set --name'|'oidc set --title'|'oidc set --issuer'|'oidc set --client-id'|'oidc set --client-secret-file'|'oidc set --scopes'|'oidc set --auto-create'|'oidc set --domains'|'oidc set --group-map'|'oidc set --enabled'|'ldap set --enabled'|'ldap set --url'|'ldap set --starttls'|'ldap set --bind-dn'|'ldap set --password-file'|'ldap set --base'|'ldap set --filter'|'ldap set --name-attribute'|'ldap set --auto-create'|'ldap set --group-map'|'config set --require-approval'|'config set --require-login'|'config set --require-totp'|'config set --accessible-lists'|'config set --default-group'|'config set --session-hours'|'config set --lockout-tries'|'config set --lockout-minutes'|'config set --audit-days'|'config set --recording-days'|'config set --forget-unseen-days'|'config set --allowed-origins'|'db status --config'|'db status --state-dir'|'db status --store'|'db backup --config'|'db backup --state-dir'|'db backup --store'|'db backup-api --config'|'db backup-api --database'|'db backup-api --data-dir'|'db restore --config'|'db restore --state-dir'|'db restore --store'|'db import-hbbs --config'|'db import-hbbs --state-dir'|'db import-hbbs --store'|'db import-hbbs --key-file'|'db import --from'|'db import --config'|'db import --database'|'db import --data-dir'|'server status --of'|'server config --of'|'server log-level --of'|'server drain --of'|'server doctor --host'|'doctor  --host'|*' --server'|*' --token-file'|*' --ca-file'|*' --proxy'|*' --profile'|*' --timeout'|*' --socket'|*' --format'|*' --columns'|*' --sort'|*' --limit'|'') return 0 ;;
	esac
	return 1
}

_hawser_admin_files()
{
	case $1 in
	'user add --password-file'|'user passwd --password-file'|'user import'|'user setup-link --config'|'user setup-link --database'|'user setup-link --data-dir'|'user token --config'|'user token --database'|'user token --data-dir'|'user break-glass --config'|'user break-glass --database'|'user break-glass --data-dir'|'user break-glass --password-file'|'entry add --password-file'|'entry set --password-file'|'entry import'|'device import'|'recording get'|'recording open --key'|'notice add --secret-file'|'notice set --secret-file'|'notice mail-set --password-file'|'oidc add --client-secret-file'|'oidc set --client-secret-file'|'ldap set --password-file'|'db status --config'|'db status --state-dir'|'db status --store'|'db backup'|'db backup --config'|'db backup --state-dir'|'db backup --store'|'db backup-api'|'db backup-api --config'|'db backup-api --database'|'db backup-api --data-dir'|'db restore'|'db restore --config'|'db restore --state-dir'|'db restore --store'|'db import-hbbs'|'db import-hbbs --config'|'db import-hbbs --state-dir'|'db import-hbbs --store'|'db import-hbbs --key-file'|'db import'|'db import --config'|'db import --database'|'db import --data-dir'|'apply '|*' --token-file'|*' --ca-file'|*' --socket'|'db '*) return 0 ;;
	esac
	return 1
}

_hawser_admin()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} noun= verb= i words
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -* ]]; then
			_hawser_admin_value "$noun $verb ${COMP_WORDS[i]}" && i=$((i + 1))
		elif [ -z "$noun" ]; then
			noun=${COMP_WORDS[i]}
		elif [ -z "$verb" ]; then
			verb=${COMP_WORDS[i]}
		fi
	done
	COMPREPLY=()
	words=$(_hawser_admin_choices "$noun $verb $previous")
	if [ -n "$words" ]; then
		:
	elif _hawser_admin_value "$noun $verb $previous"; then
		_hawser_admin_files "$noun $verb $previous" && mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	elif [[ $current == -* ]]; then
		words=$(_hawser_admin_options "$noun${verb:+ $verb}")
	elif [ -z "$noun" ]; then
		words=$_hawser_admin_nouns
	elif [ -z "$verb" ]; then
		words=$(_hawser_admin_verbs "$noun")
	else
		_hawser_admin_files "$noun $verb" && mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o filenames -F _hawser_admin hawser-admin
