# The last of the packages takes the accounts along, once nothing is left that could be theirs: an id that somebody else gets later must
# not own our files.
if [ "$1" = purge ] && [ ! -e /usr/lib/sysusers.d/hawser.conf ] &&
	[ -z "$(ls -A /etc/hawser 2>/dev/null; ls -d /var/lib/hawser-* /var/lib/private/hawser-* 2>/dev/null)" ]; then
	for account in $(getent passwd hawser-gate | cut -d : -f 1); do
		userdel "$account" ||
			echo "the account $account stays, as a hawser-host that was not started by the system runs: end it, then 'userdel $account'" >&2
	done
	for group in $(getent group hawser-gate hawser hawser-relays | cut -d : -f 1); do
		groupdel "$group" || true
	done
fi
