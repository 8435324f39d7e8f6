# fish completion of hawser-admin: made by 'hawser-admin completion fish'.

function __hawser_admin_at
	set -l words
	for word in (commandline -opc)[2..-1]
		string match -q -- '-*' $word; or set -a words $word
	end
	test (count $words) -ge (count $argv); or return 1
	for i in (seq (count $argv))
		test $words[$i] = $argv[$i]; or return 1
	end
end

function __hawser_admin_wants
	set -l words
	for word in (commandline -opc)[2..-1]
		string match -q -- '-*' $word; or set -a words $word
	end
	test (count $words) -eq $argv[1]; and __hawser_admin_at $argv[2..-1]
end

complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a user -d 'accounts of people'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a group -d 'groups of accounts'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a dgroup -d 'groups of devices'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a device -d 'devices: who owns them, what they may'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a session -d 'sessions that run now'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a book -d 'address books, and who shares them'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a entry -d 'entries of an address book (--book NAME)'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a rule -d 'who may reach what'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a role -d 'control roles: what may be done in a session'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a strategy -d 'settings that are pushed to deployed clients'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a audit -d 'what happened, and that nothing of it was changed'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a token -d 'tokens of scripts'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a recording -d 'recordings that were uploaded'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a notice -d 'mail and webhooks for alarms'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a oidc -d 'OpenID providers that people log in with'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a ldap -d 'the directory that people log in with'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a config -d 'settings'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a relay -d 'relays'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a peer -d 'devices as the rendezvous server knows them now'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a key -d 'the key of the rendezvous server'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a db -d 'databases: backup, restore, take-over'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a server -d 'the servers themselves'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a apply -d 'groups, roles, accounts, books and rules as a file says'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a status -d 'how all is, on one page'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a doctor -d 'test all, and say what to do'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a why -d 'what became of attempts to reach a device'
complete -c hawser-admin -n '__hawser_admin_wants 0' -f -a completion -d 'words for your shell'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a list -d 'all accounts, or those that fit'
complete -c hawser-admin -n '__hawser_admin_at user list' -f
complete -c hawser-admin -n '__hawser_admin_at user list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user list' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user list' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user list' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a show -d 'all about an account'
complete -c hawser-admin -n '__hawser_admin_at user show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a add -d 'a new account; without a password it can only be invited or linked'
complete -c hawser-admin -n '__hawser_admin_at user add' -f
complete -c hawser-admin -n '__hawser_admin_at user add' -l display-name -x -d 'name as others see it'
complete -c hawser-admin -n '__hawser_admin_at user add' -l email -x -d 'mail address'
complete -c hawser-admin -n '__hawser_admin_at user add' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'role: owner|admin|operator|auditor|read-only|user'
complete -c hawser-admin -n '__hawser_admin_at user add' -l status -x -f -a 'active disabled invited' -d 'state: active|disabled|invited'
complete -c hawser-admin -n '__hawser_admin_at user add' -l group -x -d 'the group'
complete -c hawser-admin -n '__hawser_admin_at user add' -l control-role -x -d 'control role, or none'
complete -c hawser-admin -n '__hawser_admin_at user add' -l totp-required -x -f -a 'yes no' -d 'must use one-time codes'
complete -c hawser-admin -n '__hawser_admin_at user add' -l mail-code -x -f -a 'yes no' -d 'asked for a code by mail, where there are no one-time codes'
complete -c hawser-admin -n '__hawser_admin_at user add' -l max-sessions -x -d 'sessions at a time, 0 = no limit'
complete -c hawser-admin -n '__hawser_admin_at user add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at user add' -l password-file -r -d 'file (0600) with the password; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at user add' -l password-stdin -d 'read it from standard input'
complete -c hawser-admin -n '__hawser_admin_at user add' -l generate -d 'make one, and print it'
complete -c hawser-admin -n '__hawser_admin_at user add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a set -d 'change accounts'
complete -c hawser-admin -n '__hawser_admin_at user set' -f
complete -c hawser-admin -n '__hawser_admin_at user set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at user set' -l display-name -x -d 'name as others see it'
complete -c hawser-admin -n '__hawser_admin_at user set' -l email -x -d 'mail address'
complete -c hawser-admin -n '__hawser_admin_at user set' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'role: owner|admin|operator|auditor|read-only|user'
complete -c hawser-admin -n '__hawser_admin_at user set' -l status -x -f -a 'active disabled invited' -d 'state: active|disabled|invited'
complete -c hawser-admin -n '__hawser_admin_at user set' -l group -x -d 'the group'
complete -c hawser-admin -n '__hawser_admin_at user set' -l control-role -x -d 'control role, or none'
complete -c hawser-admin -n '__hawser_admin_at user set' -l totp-required -x -f -a 'yes no' -d 'must use one-time codes'
complete -c hawser-admin -n '__hawser_admin_at user set' -l mail-code -x -f -a 'yes no' -d 'asked for a code by mail, where there are no one-time codes'
complete -c hawser-admin -n '__hawser_admin_at user set' -l max-sessions -x -d 'sessions at a time, 0 = no limit'
complete -c hawser-admin -n '__hawser_admin_at user set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a enable -d 'let accounts log in again'
complete -c hawser-admin -n '__hawser_admin_at user enable' -f
complete -c hawser-admin -n '__hawser_admin_at user enable' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user enable' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user enable' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user enable' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a disable -d 'end the sessions of accounts and let them in no more'
complete -c hawser-admin -n '__hawser_admin_at user disable' -f
complete -c hawser-admin -n '__hawser_admin_at user disable' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user disable' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user disable' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user disable' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a delete -d 'remove accounts, with their books and tokens'
complete -c hawser-admin -n '__hawser_admin_at user delete' -f
complete -c hawser-admin -n '__hawser_admin_at user delete' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user delete' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user delete' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user delete' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a passwd -d 'set a password; asks for it unless a file is named'
complete -c hawser-admin -n '__hawser_admin_at user passwd' -f
complete -c hawser-admin -n '__hawser_admin_at user passwd' -l password-file -r -d 'file (0600) with the password; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at user passwd' -l password-stdin -d 'read it from standard input'
complete -c hawser-admin -n '__hawser_admin_at user passwd' -l generate -d 'make one, and print it'
complete -c hawser-admin -n '__hawser_admin_at user passwd' -l must-change -x -f -a 'yes no' -d 'at the next login (default: yes)'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a link -d 'a link for each by which they choose their own password, once and within a day'
complete -c hawser-admin -n '__hawser_admin_at user link' -f
complete -c hawser-admin -n '__hawser_admin_at user link' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user link' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user link' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user link' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at user link' -l mail -d 'mail it to them, and do not print it'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a logout -d 'end all sessions of accounts'
complete -c hawser-admin -n '__hawser_admin_at user logout' -f
complete -c hawser-admin -n '__hawser_admin_at user logout' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user logout' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user logout' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user logout' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a sessions -d 'where an account is logged in'
complete -c hawser-admin -n '__hawser_admin_at user sessions' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a 2fa-require -d 'accounts must use one-time codes'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-require' -f
complete -c hawser-admin -n '__hawser_admin_at user 2fa-require' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-require' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-require' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-require' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a 2fa-release -d 'take that back'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-release' -f
complete -c hawser-admin -n '__hawser_admin_at user 2fa-release' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-release' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-release' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-release' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a 2fa-reset -d 'take one-time codes away (a lost telephone)'
complete -c hawser-admin -n '__hawser_admin_at user 2fa-reset' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a import -d 'add and change accounts by CSV: name,display_name,email,role,group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a export -d 'all accounts as CSV that import takes'
complete -c hawser-admin -n '__hawser_admin_at user export' -f
complete -c hawser-admin -n '__hawser_admin_at user export' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at user export' -l role -x -f -a 'owner admin operator auditor read-only user' -d 'of this role'
complete -c hawser-admin -n '__hawser_admin_at user export' -l status -x -f -a 'active disabled invited' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at user export' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a setup-link -d 'a link for the first owner, once and for a day; works while hawser-api is down'
complete -c hawser-admin -n '__hawser_admin_at user setup-link' -f
complete -c hawser-admin -n '__hawser_admin_at user setup-link' -l config -r -d 'settings of hawser-api (default: as it is started)'
complete -c hawser-admin -n '__hawser_admin_at user setup-link' -l database -r -d 'its database: sqlite:FILE or postgresql://...'
complete -c hawser-admin -n '__hawser_admin_at user setup-link' -l data-dir -r -d 'folder of its database and keys'
complete -c hawser-admin -n '__hawser_admin_at user setup-link' -l url -x -d 'what the link begins with: https://NAME[:PORT]'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a token -d 'a new token of an account, printed this once; works while hawser-api is down'
complete -c hawser-admin -n '__hawser_admin_at user token' -f
complete -c hawser-admin -n '__hawser_admin_at user token' -l scope -x -d 'what it may: device=rw,audit=r'
complete -c hawser-admin -n '__hawser_admin_at user token' -l expires -x -d '90d, a date or never (default: 90d)'
complete -c hawser-admin -n '__hawser_admin_at user token' -l config -r -d 'settings of hawser-api (default: as it is started)'
complete -c hawser-admin -n '__hawser_admin_at user token' -l database -r -d 'its database: sqlite:FILE or postgresql://...'
complete -c hawser-admin -n '__hawser_admin_at user token' -l data-dir -r -d 'folder of its database and keys'
complete -c hawser-admin -n '__hawser_admin_wants 1 user' -f -a break-glass -d 'make an account a local owner with a new password and no codes, whatever providers say; works while hawser-api is down'
complete -c hawser-admin -n '__hawser_admin_at user break-glass' -f
complete -c hawser-admin -n '__hawser_admin_at user break-glass' -l config -r -d 'settings of hawser-api (default: as it is started)'
complete -c hawser-admin -n '__hawser_admin_at user break-glass' -l database -r -d 'its database: sqlite:FILE or postgresql://...'
complete -c hawser-admin -n '__hawser_admin_at user break-glass' -l data-dir -r -d 'folder of its database and keys'
complete -c hawser-admin -n '__hawser_admin_at user break-glass' -l password-file -r -d 'file (0600) with the password; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at user break-glass' -l password-stdin -d 'read it from standard input'
complete -c hawser-admin -n '__hawser_admin_at user break-glass' -l generate -d 'make one, and print it'
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a list -d 'all groups'
complete -c hawser-admin -n '__hawser_admin_at group list' -f
complete -c hawser-admin -n '__hawser_admin_at group list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a show -d 'all about a group'
complete -c hawser-admin -n '__hawser_admin_at group show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a add -d 'a new group'
complete -c hawser-admin -n '__hawser_admin_at group add' -f
complete -c hawser-admin -n '__hawser_admin_at group add' -l intra -x -f -a 'yes no' -d 'members reach each other\'s devices'
complete -c hawser-admin -n '__hawser_admin_at group add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at group add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a set -d 'change groups'
complete -c hawser-admin -n '__hawser_admin_at group set' -f
complete -c hawser-admin -n '__hawser_admin_at group set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at group set' -l intra -x -f -a 'yes no' -d 'members reach each other\'s devices'
complete -c hawser-admin -n '__hawser_admin_at group set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a delete -d 'remove empty groups'
complete -c hawser-admin -n '__hawser_admin_at group delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a members -d 'the accounts in a group'
complete -c hawser-admin -n '__hawser_admin_at group members' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a add-member -d 'put accounts into a group, out of theirs'
complete -c hawser-admin -n '__hawser_admin_at group add-member' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 group' -f -a remove-member -d 'put accounts back into the default group'
complete -c hawser-admin -n '__hawser_admin_at group remove-member' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a list -d 'all address books that you may see'
complete -c hawser-admin -n '__hawser_admin_at book list' -f
complete -c hawser-admin -n '__hawser_admin_at book list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a show -d 'all about a book'
complete -c hawser-admin -n '__hawser_admin_at book show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a add -d 'a new book'
complete -c hawser-admin -n '__hawser_admin_at book add' -f
complete -c hawser-admin -n '__hawser_admin_at book add' -l owner -x -d 'whose it is'
complete -c hawser-admin -n '__hawser_admin_at book add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at book add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a set -d 'change books'
complete -c hawser-admin -n '__hawser_admin_at book set' -f
complete -c hawser-admin -n '__hawser_admin_at book set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at book set' -l owner -x -d 'whose it is'
complete -c hawser-admin -n '__hawser_admin_at book set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a delete -d 'remove books with their entries'
complete -c hawser-admin -n '__hawser_admin_at book delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a shares -d 'who may use a book'
complete -c hawser-admin -n '__hawser_admin_at book shares' -f
complete -c hawser-admin -n '__hawser_admin_at book shares' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a share -d 'WITH is user:NAME, group:NAME or everyone; RIGHT read, write or full'
complete -c hawser-admin -n '__hawser_admin_at book share' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a unshare -d 'take that back'
complete -c hawser-admin -n '__hawser_admin_at book unshare' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a tags -d 'tags of a book'
complete -c hawser-admin -n '__hawser_admin_at book tags' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a tag -d 'make, colour or rename a tag'
complete -c hawser-admin -n '__hawser_admin_at book tag' -f
complete -c hawser-admin -n '__hawser_admin_at book tag' -l color -x -d 'its colour'
complete -c hawser-admin -n '__hawser_admin_at book tag' -l rename -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_wants 1 book' -f -a untag -d 'take a tag off all entries'
complete -c hawser-admin -n '__hawser_admin_at book untag' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a list -d 'entries of a book'
complete -c hawser-admin -n '__hawser_admin_at entry list' -f
complete -c hawser-admin -n '__hawser_admin_at entry list' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_at entry list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at entry list' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at entry list' -l deleted -x -f -a 'yes no' -d 'those in the bin'
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a show -d 'all about an entry'
complete -c hawser-admin -n '__hawser_admin_at entry show' -f
complete -c hawser-admin -n '__hawser_admin_at entry show' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a add -d 'a new entry'
complete -c hawser-admin -n '__hawser_admin_at entry add' -f
complete -c hawser-admin -n '__hawser_admin_at entry add' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_at entry add' -l alias -x -d 'name in the book'
complete -c hawser-admin -n '__hawser_admin_at entry add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at entry add' -l tags -x -d 'tags, with commas'
complete -c hawser-admin -n '__hawser_admin_at entry add' -l login-name -x -d 'account at the device'
complete -c hawser-admin -n '__hawser_admin_at entry add' -l force-relay -x -f -a 'yes no' -d 'always by a relay'
complete -c hawser-admin -n '__hawser_admin_at entry add' -l password-file -r -d 'file (0600) with its password; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at entry add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a set -d 'change entries'
complete -c hawser-admin -n '__hawser_admin_at entry set' -f
complete -c hawser-admin -n '__hawser_admin_at entry set' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_at entry set' -l alias -x -d 'name in the book'
complete -c hawser-admin -n '__hawser_admin_at entry set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at entry set' -l tags -x -d 'tags, with commas'
complete -c hawser-admin -n '__hawser_admin_at entry set' -l login-name -x -d 'account at the device'
complete -c hawser-admin -n '__hawser_admin_at entry set' -l force-relay -x -f -a 'yes no' -d 'always by a relay'
complete -c hawser-admin -n '__hawser_admin_at entry set' -l password-file -r -d 'file (0600) with its password; - is standard input'
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a delete -d 'put entries into the bin'
complete -c hawser-admin -n '__hawser_admin_at entry delete' -f
complete -c hawser-admin -n '__hawser_admin_at entry delete' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_at entry delete' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at entry delete' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at entry delete' -l deleted -x -f -a 'yes no' -d 'those in the bin'
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a restore -d 'take entries out of the bin (--deleted yes)'
complete -c hawser-admin -n '__hawser_admin_at entry restore' -f
complete -c hawser-admin -n '__hawser_admin_at entry restore' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_at entry restore' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at entry restore' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at entry restore' -l deleted -x -f -a 'yes no' -d 'those in the bin'
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a import -d 'add and change entries by CSV: id,alias,tags,note,login_name,force_relay,password'
complete -c hawser-admin -n '__hawser_admin_at entry import' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_wants 1 entry' -f -a export -d 'entries as CSV that import takes; no passwords'
complete -c hawser-admin -n '__hawser_admin_at entry export' -f
complete -c hawser-admin -n '__hawser_admin_at entry export' -l book -x -d 'the address book'
complete -c hawser-admin -n '__hawser_admin_at entry export' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at entry export' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at entry export' -l deleted -x -f -a 'yes no' -d 'those in the bin'
complete -c hawser-admin -n '__hawser_admin_wants 1 token' -f -a list -d 'tokens'
complete -c hawser-admin -n '__hawser_admin_at token list' -f
complete -c hawser-admin -n '__hawser_admin_at token list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 token' -f -a add -d 'a new token, printed this once'
complete -c hawser-admin -n '__hawser_admin_at token add' -f
complete -c hawser-admin -n '__hawser_admin_at token add' -l scope -x -d 'what it may: device=rw,audit=r'
complete -c hawser-admin -n '__hawser_admin_at token add' -l expires -x -d '90d, a date or never (default: 90d)'
complete -c hawser-admin -n '__hawser_admin_wants 1 token' -f -a set -d 'change tokens'
complete -c hawser-admin -n '__hawser_admin_at token set' -f
complete -c hawser-admin -n '__hawser_admin_at token set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at token set' -l expires -x -d '90d, a date or never'
complete -c hawser-admin -n '__hawser_admin_at token set' -l enabled -x -f -a 'yes no' -d 'whether it is taken'
complete -c hawser-admin -n '__hawser_admin_wants 1 token' -f -a revoke -d 'remove tokens'
complete -c hawser-admin -n '__hawser_admin_at token revoke' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a list -d 'all devices, or those that fit'
complete -c hawser-admin -n '__hawser_admin_at device list' -f
complete -c hawser-admin -n '__hawser_admin_at device list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device list' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device list' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device list' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device list' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device list' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device list' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device list' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a show -d 'all about a device'
complete -c hawser-admin -n '__hawser_admin_at device show' -f
complete -c hawser-admin -n '__hawser_admin_at device show' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device show' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device show' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device show' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device show' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device show' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device show' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device show' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a set -d 'change devices'
complete -c hawser-admin -n '__hawser_admin_at device set' -f
complete -c hawser-admin -n '__hawser_admin_at device set' -l name -x -d 'what you call it'
complete -c hawser-admin -n '__hawser_admin_at device set' -l owner -x -d 'whose it is, or none'
complete -c hawser-admin -n '__hawser_admin_at device set' -l group -x -d 'its group, or none'
complete -c hawser-admin -n '__hawser_admin_at device set' -l tags -x -d 'its tags, with commas'
complete -c hawser-admin -n '__hawser_admin_at device set' -l closed -x -f -a 'yes no' -d 'not open to all while nobody owns it'
complete -c hawser-admin -n '__hawser_admin_at device set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a assign -d 'owner, group, name, note and strategy in one go'
complete -c hawser-admin -n '__hawser_admin_at device assign' -f
complete -c hawser-admin -n '__hawser_admin_at device assign' -l owner -x -d 'whose it is, or none'
complete -c hawser-admin -n '__hawser_admin_at device assign' -l group -x -d 'its group, or none'
complete -c hawser-admin -n '__hawser_admin_at device assign' -l name -x -d 'what you call it'
complete -c hawser-admin -n '__hawser_admin_at device assign' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at device assign' -l strategy -x -d 'its own strategy'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a approve -d 'let new devices in'
complete -c hawser-admin -n '__hawser_admin_at device approve' -f
complete -c hawser-admin -n '__hawser_admin_at device approve' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device approve' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device approve' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device approve' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device approve' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device approve' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device approve' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device approve' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a enable -d 'let devices be reached again'
complete -c hawser-admin -n '__hawser_admin_at device enable' -f
complete -c hawser-admin -n '__hawser_admin_at device enable' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device enable' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device enable' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device enable' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device enable' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device enable' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device enable' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device enable' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a disable -d 'devices may neither register nor be reached; sessions end'
complete -c hawser-admin -n '__hawser_admin_at device disable' -f
complete -c hawser-admin -n '__hawser_admin_at device disable' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device disable' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device disable' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device disable' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device disable' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device disable' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device disable' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device disable' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a delete -d 'forget devices'
complete -c hawser-admin -n '__hawser_admin_at device delete' -f
complete -c hawser-admin -n '__hawser_admin_at device delete' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device delete' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device delete' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device delete' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device delete' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device delete' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device delete' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device delete' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a kick -d 'end all sessions of devices'
complete -c hawser-admin -n '__hawser_admin_at device kick' -f
complete -c hawser-admin -n '__hawser_admin_at device kick' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device kick' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device kick' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device kick' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device kick' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device kick' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device kick' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device kick' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a tag -d 'give devices a tag'
complete -c hawser-admin -n '__hawser_admin_at device tag' -f
complete -c hawser-admin -n '__hawser_admin_at device tag' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device tag' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device tag' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device tag' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device tag' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device tag' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device tag' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device tag' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a untag -d 'take a tag away'
complete -c hawser-admin -n '__hawser_admin_at device untag' -f
complete -c hawser-admin -n '__hawser_admin_at device untag' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device untag' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device untag' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device untag' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device untag' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device untag' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device untag' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device untag' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a tags -d 'all tags, and how many devices have each'
complete -c hawser-admin -n '__hawser_admin_at device tags' -f
complete -c hawser-admin -n '__hawser_admin_at device tags' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a why -d 'why the latest session took the way it took'
complete -c hawser-admin -n '__hawser_admin_at device why' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a strategy -d 'the strategy that holds for a device'
complete -c hawser-admin -n '__hawser_admin_at device strategy' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a import -d 'change devices by CSV: id,name,owner,group,tags,note'
complete -c hawser-admin -n '__hawser_admin_wants 1 device' -f -a export -d 'devices as CSV that import takes'
complete -c hawser-admin -n '__hawser_admin_at device export' -f
complete -c hawser-admin -n '__hawser_admin_at device export' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at device export' -l online -x -f -a 'yes no' -d 'that are, or are not, online'
complete -c hawser-admin -n '__hawser_admin_at device export' -l status -x -f -a 'active disabled pending' -d 'in this state'
complete -c hawser-admin -n '__hawser_admin_at device export' -l group -x -d 'in this group'
complete -c hawser-admin -n '__hawser_admin_at device export' -l owner -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at device export' -l tag -x -d 'with this tag'
complete -c hawser-admin -n '__hawser_admin_at device export' -l os -x -d 'with this in the system\'s name'
complete -c hawser-admin -n '__hawser_admin_at device export' -l offline -x -d 'not seen for so long: 30d'
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a list -d 'all groups of devices'
complete -c hawser-admin -n '__hawser_admin_at dgroup list' -f
complete -c hawser-admin -n '__hawser_admin_at dgroup list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a show -d 'all about a group'
complete -c hawser-admin -n '__hawser_admin_at dgroup show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a add -d 'a new group of devices'
complete -c hawser-admin -n '__hawser_admin_at dgroup add' -f
complete -c hawser-admin -n '__hawser_admin_at dgroup add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at dgroup add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a set -d 'change groups'
complete -c hawser-admin -n '__hawser_admin_at dgroup set' -f
complete -c hawser-admin -n '__hawser_admin_at dgroup set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at dgroup set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a delete -d 'remove groups; devices stay'
complete -c hawser-admin -n '__hawser_admin_at dgroup delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a members -d 'the devices in a group'
complete -c hawser-admin -n '__hawser_admin_at dgroup members' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a add-member -d 'put devices into a group, out of theirs'
complete -c hawser-admin -n '__hawser_admin_at dgroup add-member' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 dgroup' -f -a remove-member -d 'take devices out of a group'
complete -c hawser-admin -n '__hawser_admin_at dgroup remove-member' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 session' -f -a list -d 'sessions that run now'
complete -c hawser-admin -n '__hawser_admin_at session list' -f
complete -c hawser-admin -n '__hawser_admin_at session list' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at session list' -l user -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_wants 1 session' -f -a end -d 'end sessions, named by guid or the viewer\'s id'
complete -c hawser-admin -n '__hawser_admin_at session end' -f
complete -c hawser-admin -n '__hawser_admin_at session end' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at session end' -l user -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_wants 1 recording' -f -a list -d 'recordings, latest first'
complete -c hawser-admin -n '__hawser_admin_at recording list' -f
complete -c hawser-admin -n '__hawser_admin_at recording list' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at recording list' -l user -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at recording list' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at recording list' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_wants 1 recording' -f -a get -d 'the sealed recording into a file (- is standard output); the auditor\'s key opens it'
complete -c hawser-admin -n '__hawser_admin_wants 1 recording' -f -a key -d 'make the auditor\'s pair of keys: two files, of which the first stays with him'
complete -c hawser-admin -n '__hawser_admin_at recording key' -f
complete -c hawser-admin -n '__hawser_admin_at recording key' -l name -x -d 'what lists call the key (default: auditor)'
complete -c hawser-admin -n '__hawser_admin_wants 1 recording' -f -a open -d 'open a sealed recording with the auditor\'s secret key'
complete -c hawser-admin -n '__hawser_admin_at recording open' -f
complete -c hawser-admin -n '__hawser_admin_at recording open' -l key -r -d 'the secret key'
complete -c hawser-admin -n '__hawser_admin_wants 1 recording' -f -a delete -d 'remove recordings before their time'
complete -c hawser-admin -n '__hawser_admin_at recording delete' -f
complete -c hawser-admin -n '__hawser_admin_at recording delete' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at recording delete' -l user -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at recording delete' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at recording delete' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a list -d 'all rules; what none allows is refused'
complete -c hawser-admin -n '__hawser_admin_at rule list' -f
complete -c hawser-admin -n '__hawser_admin_at rule list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at rule list' -l enabled -x -f -a 'yes no' -d 'that are, or are not, in force'
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a show -d 'all about a rule'
complete -c hawser-admin -n '__hawser_admin_at rule show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a add -d 'let --from reach --to'
complete -c hawser-admin -n '__hawser_admin_at rule add' -f
complete -c hawser-admin -n '__hawser_admin_at rule add' -l from -x -d 'user:NAME or group:NAME'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l to -x -d 'device:ID, dgroup:NAME, or group:NAME (devices of its members)'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l role -x -d 'what may be done, or none'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l days -x -d 'mon-fri, or any'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l hours -x -d '08:00-18:00, or any'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l zone -x -d 'Europe/Berlin (default: UTC)'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l until -x -d '90d, a date or never'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l enabled -x -f -a 'yes no' -d 'whether it holds'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at rule add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a set -d 'change rules'
complete -c hawser-admin -n '__hawser_admin_at rule set' -f
complete -c hawser-admin -n '__hawser_admin_at rule set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l from -x -d 'user:NAME or group:NAME'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l to -x -d 'device:ID, dgroup:NAME, or group:NAME (devices of its members)'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l role -x -d 'what may be done, or none'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l days -x -d 'mon-fri, or any'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l hours -x -d '08:00-18:00, or any'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l zone -x -d 'Europe/Berlin (default: UTC)'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l until -x -d '90d, a date or never'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l enabled -x -f -a 'yes no' -d 'whether it holds'
complete -c hawser-admin -n '__hawser_admin_at rule set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a enable -d 'put rules in force'
complete -c hawser-admin -n '__hawser_admin_at rule enable' -f
complete -c hawser-admin -n '__hawser_admin_at rule enable' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at rule enable' -l enabled -x -f -a 'yes no' -d 'that are, or are not, in force'
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a disable -d 'take rules out of force'
complete -c hawser-admin -n '__hawser_admin_at rule disable' -f
complete -c hawser-admin -n '__hawser_admin_at rule disable' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at rule disable' -l enabled -x -f -a 'yes no' -d 'that are, or are not, in force'
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a delete -d 'remove rules'
complete -c hawser-admin -n '__hawser_admin_at rule delete' -f
complete -c hawser-admin -n '__hawser_admin_at rule delete' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at rule delete' -l enabled -x -f -a 'yes no' -d 'that are, or are not, in force'
complete -c hawser-admin -n '__hawser_admin_wants 1 rule' -f -a test -d 'whether a user, or none, may reach a device, and which rule says so; exit status 4: may not'
complete -c hawser-admin -n '__hawser_admin_at rule test' -f
complete -c hawser-admin -n '__hawser_admin_at rule test' -l at -x -d 'then, instead of now'
complete -c hawser-admin -n '__hawser_admin_wants 1 role' -f -a list -d 'all control roles'
complete -c hawser-admin -n '__hawser_admin_at role list' -f
complete -c hawser-admin -n '__hawser_admin_at role list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 role' -f -a show -d 'all about a role'
complete -c hawser-admin -n '__hawser_admin_at role show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 role' -f -a add -d 'a new role'
complete -c hawser-admin -n '__hawser_admin_at role add' -f
complete -c hawser-admin -n '__hawser_admin_at role add' -l allow -x -d 'keyboard,printer,clipboard,file,audio,camera,terminal,tunnel,restart,recording,block_input,remote_modify,privacy_mode'
complete -c hawser-admin -n '__hawser_admin_at role add' -l deny -x -d 'the same'
complete -c hawser-admin -n '__hawser_admin_at role add' -l leave -x -d 'left to the host'
complete -c hawser-admin -n '__hawser_admin_at role add' -l enabled -x -f -a 'yes no' -d 'whether it holds'
complete -c hawser-admin -n '__hawser_admin_at role add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at role add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 role' -f -a set -d 'change roles'
complete -c hawser-admin -n '__hawser_admin_at role set' -f
complete -c hawser-admin -n '__hawser_admin_at role set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at role set' -l allow -x -d 'keyboard,printer,clipboard,file,audio,camera,terminal,tunnel,restart,recording,block_input,remote_modify,privacy_mode'
complete -c hawser-admin -n '__hawser_admin_at role set' -l deny -x -d 'the same'
complete -c hawser-admin -n '__hawser_admin_at role set' -l leave -x -d 'left to the host'
complete -c hawser-admin -n '__hawser_admin_at role set' -l enabled -x -f -a 'yes no' -d 'whether it holds'
complete -c hawser-admin -n '__hawser_admin_at role set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 role' -f -a delete -d 'remove roles'
complete -c hawser-admin -n '__hawser_admin_at role delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a list -d 'all strategies'
complete -c hawser-admin -n '__hawser_admin_at strategy list' -f
complete -c hawser-admin -n '__hawser_admin_at strategy list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at strategy list' -l enabled -x -f -a 'yes no' -d 'that are, or are not, in force'
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a show -d 'all about a strategy'
complete -c hawser-admin -n '__hawser_admin_at strategy show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a add -d 'a new strategy'
complete -c hawser-admin -n '__hawser_admin_at strategy add' -f
complete -c hawser-admin -n '__hawser_admin_at strategy add' -l option -x -d 'a setting; may be given again'
complete -c hawser-admin -n '__hawser_admin_at strategy add' -l enforce -x -f -a 'yes no' -d 'local changes are undone'
complete -c hawser-admin -n '__hawser_admin_at strategy add' -l enabled -x -f -a 'yes no' -d 'whether it holds'
complete -c hawser-admin -n '__hawser_admin_at strategy add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at strategy add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a set -d 'change strategies; --option adds to those that are there'
complete -c hawser-admin -n '__hawser_admin_at strategy set' -f
complete -c hawser-admin -n '__hawser_admin_at strategy set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at strategy set' -l option -x -d 'a setting; may be given again'
complete -c hawser-admin -n '__hawser_admin_at strategy set' -l enforce -x -f -a 'yes no' -d 'local changes are undone'
complete -c hawser-admin -n '__hawser_admin_at strategy set' -l enabled -x -f -a 'yes no' -d 'whether it holds'
complete -c hawser-admin -n '__hawser_admin_at strategy set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a unset -d 'take options out of a strategy'
complete -c hawser-admin -n '__hawser_admin_at strategy unset' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a enable -d 'put strategies in force'
complete -c hawser-admin -n '__hawser_admin_at strategy enable' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a disable -d 'take strategies out of force'
complete -c hawser-admin -n '__hawser_admin_at strategy disable' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a delete -d 'remove strategies'
complete -c hawser-admin -n '__hawser_admin_at strategy delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a targets -d 'whom a strategy holds for'
complete -c hawser-admin -n '__hawser_admin_at strategy targets' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a assign -d 'let it hold for these'
complete -c hawser-admin -n '__hawser_admin_at strategy assign' -f
complete -c hawser-admin -n '__hawser_admin_at strategy assign' -l devices -x -d 'devices, with commas; patterns too'
complete -c hawser-admin -n '__hawser_admin_at strategy assign' -l users -x -d 'accounts'
complete -c hawser-admin -n '__hawser_admin_at strategy assign' -l dgroups -x -d 'groups of devices'
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a unassign -d 'take that back'
complete -c hawser-admin -n '__hawser_admin_at strategy unassign' -f
complete -c hawser-admin -n '__hawser_admin_at strategy unassign' -l devices -x -d 'devices, with commas; patterns too'
complete -c hawser-admin -n '__hawser_admin_at strategy unassign' -l users -x -d 'accounts'
complete -c hawser-admin -n '__hawser_admin_at strategy unassign' -l dgroups -x -d 'groups of devices'
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a effective -d 'the strategy that holds for a device'
complete -c hawser-admin -n '__hawser_admin_at strategy effective' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 strategy' -f -a options -d 'the settings that a strategy may push'
complete -c hawser-admin -n '__hawser_admin_at strategy options' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a list -d 'events, latest first'
complete -c hawser-admin -n '__hawser_admin_at audit list' -f
complete -c hawser-admin -n '__hawser_admin_at audit list' -l kind -x -f -a 'connection file alarm console login' -d 'of this kind'
complete -c hawser-admin -n '__hawser_admin_at audit list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at audit list' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit list' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit list' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at audit list' -l actor -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at audit list' -l address -x -d 'from this address'
complete -c hawser-admin -n '__hawser_admin_at audit list' -l follow -d 'go on with those that come'
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a conn -d 'connections'
complete -c hawser-admin -n '__hawser_admin_at audit conn' -f
complete -c hawser-admin -n '__hawser_admin_at audit conn' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at audit conn' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit conn' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit conn' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at audit conn' -l actor -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at audit conn' -l address -x -d 'from this address'
complete -c hawser-admin -n '__hawser_admin_at audit conn' -l follow -d 'go on with those that come'
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a file -d 'transfers of files'
complete -c hawser-admin -n '__hawser_admin_at audit file' -f
complete -c hawser-admin -n '__hawser_admin_at audit file' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at audit file' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit file' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit file' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at audit file' -l actor -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at audit file' -l address -x -d 'from this address'
complete -c hawser-admin -n '__hawser_admin_at audit file' -l follow -d 'go on with those that come'
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a alarm -d 'alarms'
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -f
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -l actor -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -l address -x -d 'from this address'
complete -c hawser-admin -n '__hawser_admin_at audit alarm' -l follow -d 'go on with those that come'
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a console -d 'what operators changed'
complete -c hawser-admin -n '__hawser_admin_at audit console' -f
complete -c hawser-admin -n '__hawser_admin_at audit console' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at audit console' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit console' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit console' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at audit console' -l actor -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at audit console' -l address -x -d 'from this address'
complete -c hawser-admin -n '__hawser_admin_at audit console' -l follow -d 'go on with those that come'
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a login -d 'logins, and those that failed'
complete -c hawser-admin -n '__hawser_admin_at audit login' -f
complete -c hawser-admin -n '__hawser_admin_at audit login' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at audit login' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit login' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit login' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at audit login' -l actor -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at audit login' -l address -x -d 'from this address'
complete -c hawser-admin -n '__hawser_admin_at audit login' -l follow -d 'go on with those that come'
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a export -d 'all events that fit, as they come from the server'
complete -c hawser-admin -n '__hawser_admin_at audit export' -f
complete -c hawser-admin -n '__hawser_admin_at audit export' -l as -x -f -a 'csv jsonl' -d 'csv|jsonl (default: jsonl)'
complete -c hawser-admin -n '__hawser_admin_at audit export' -l kind -x -f -a 'connection file alarm console login' -d 'of this kind'
complete -c hawser-admin -n '__hawser_admin_at audit export' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_at audit export' -l since -x -d '7d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit export' -l until -x -d '1d, or a date'
complete -c hawser-admin -n '__hawser_admin_at audit export' -l device -x -d 'of this device'
complete -c hawser-admin -n '__hawser_admin_at audit export' -l actor -x -d 'of this account'
complete -c hawser-admin -n '__hawser_admin_at audit export' -l address -x -d 'from this address'
complete -c hawser-admin -n '__hawser_admin_wants 1 audit' -f -a verify -d 'whether the chain of hashes is whole; exit status 1: it is not'
complete -c hawser-admin -n '__hawser_admin_at audit verify' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a list -d 'all relays, and how they are'
complete -c hawser-admin -n '__hawser_admin_at relay list' -f
complete -c hawser-admin -n '__hawser_admin_at relay list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a show -d 'all about a relay'
complete -c hawser-admin -n '__hawser_admin_at relay show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a add -d 'a new relay'
complete -c hawser-admin -n '__hawser_admin_at relay add' -f
complete -c hawser-admin -n '__hawser_admin_at relay add' -l address -x -d 'as clients reach it'
complete -c hawser-admin -n '__hawser_admin_at relay add' -l control -x -d 'its control socket, for figures'
complete -c hawser-admin -n '__hawser_admin_at relay add' -l state -x -f -a 'on drain off' -d 'on|drain|off'
complete -c hawser-admin -n '__hawser_admin_at relay add' -l weight -x -d 'its share, 1 to 1000'
complete -c hawser-admin -n '__hawser_admin_at relay add' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_at relay add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a set -d 'change relays'
complete -c hawser-admin -n '__hawser_admin_at relay set' -f
complete -c hawser-admin -n '__hawser_admin_at relay set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at relay set' -l address -x -d 'as clients reach it'
complete -c hawser-admin -n '__hawser_admin_at relay set' -l control -x -d 'its control socket, for figures'
complete -c hawser-admin -n '__hawser_admin_at relay set' -l state -x -f -a 'on drain off' -d 'on|drain|off'
complete -c hawser-admin -n '__hawser_admin_at relay set' -l weight -x -d 'its share, 1 to 1000'
complete -c hawser-admin -n '__hawser_admin_at relay set' -l note -x -d 'a note'
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a drain -d 'no new sessions by these; without a name: see below'
complete -c hawser-admin -n '__hawser_admin_at relay drain' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a undrain -d 'take that back'
complete -c hawser-admin -n '__hawser_admin_at relay undrain' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a off -d 'do not use these at all'
complete -c hawser-admin -n '__hawser_admin_at relay off' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a delete -d 'remove relays'
complete -c hawser-admin -n '__hawser_admin_at relay delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 relay' -f -a test -d 'whether relays answer here'
complete -c hawser-admin -n '__hawser_admin_at relay test' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a list -d 'all webhooks'
complete -c hawser-admin -n '__hawser_admin_at notice list' -f
complete -c hawser-admin -n '__hawser_admin_at notice list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a show -d 'all about a webhook'
complete -c hawser-admin -n '__hawser_admin_at notice show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a add -d 'a new webhook'
complete -c hawser-admin -n '__hawser_admin_at notice add' -f
complete -c hawser-admin -n '__hawser_admin_at notice add' -l url -x -d 'what is called'
complete -c hawser-admin -n '__hawser_admin_at notice add' -l enabled -x -f -a 'yes no' -d 'whether it is used'
complete -c hawser-admin -n '__hawser_admin_at notice add' -l alarms -x -d 'brute_force,new_device,relay_down,node_down,certificate,recordings'
complete -c hawser-admin -n '__hawser_admin_at notice add' -l secret-file -r -d 'file (0600) with what signs the calls; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at notice add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a set -d 'change webhooks'
complete -c hawser-admin -n '__hawser_admin_at notice set' -f
complete -c hawser-admin -n '__hawser_admin_at notice set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at notice set' -l url -x -d 'what is called'
complete -c hawser-admin -n '__hawser_admin_at notice set' -l enabled -x -f -a 'yes no' -d 'whether it is used'
complete -c hawser-admin -n '__hawser_admin_at notice set' -l alarms -x -d 'brute_force,new_device,relay_down,node_down,certificate,recordings'
complete -c hawser-admin -n '__hawser_admin_at notice set' -l secret-file -r -d 'file (0600) with what signs the calls; - is standard input'
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a delete -d 'remove webhooks'
complete -c hawser-admin -n '__hawser_admin_at notice delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a test -d 'call a webhook'
complete -c hawser-admin -n '__hawser_admin_at notice test' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a mail -d 'the mail server for notices'
complete -c hawser-admin -n '__hawser_admin_at notice mail' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a mail-set -d 'change it'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -f
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l enabled -x -f -a 'yes no' -d 'whether it is used'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l host -x -d 'the mail server'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l port -x -d 'its port'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l security -x -f -a 'starttls tls none' -d 'starttls|tls|none'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l user -x -d 'account there'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l password-file -r -d 'file (0600) with its password; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l from -x -d 'who sends'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l to -x -d 'who gets it, with commas'
complete -c hawser-admin -n '__hawser_admin_at notice mail-set' -l alarms -x -d 'brute_force,new_device,relay_down,node_down,certificate,recordings'
complete -c hawser-admin -n '__hawser_admin_wants 1 notice' -f -a mail-test -d 'send a mail to yourself'
complete -c hawser-admin -n '__hawser_admin_at notice mail-test' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 oidc' -f -a list -d 'all providers'
complete -c hawser-admin -n '__hawser_admin_at oidc list' -f
complete -c hawser-admin -n '__hawser_admin_at oidc list' -l q -x -d 'those that have this in them'
complete -c hawser-admin -n '__hawser_admin_wants 1 oidc' -f -a show -d 'all about a provider'
complete -c hawser-admin -n '__hawser_admin_at oidc show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 oidc' -f -a add -d 'a new provider'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -f
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l title -x -d 'as people see it'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l issuer -x -d 'where it is: https://...'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l client-id -x -d 'what this server is called there'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l client-secret-file -r -d 'file (0600) with its secret; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l scopes -x -d 'what is asked for'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l auto-create -x -f -a 'yes no' -d 'unknown people get an account'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l domains -x -d 'mail domains that may'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l group-map -x -d 'groups there and here'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l enabled -x -f -a 'yes no' -d 'whether it is used'
complete -c hawser-admin -n '__hawser_admin_at oidc add' -l if-missing -d 'leave one that is there as it is'
complete -c hawser-admin -n '__hawser_admin_wants 1 oidc' -f -a set -d 'change providers'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -f
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l name -x -d 'another name'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l title -x -d 'as people see it'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l issuer -x -d 'where it is: https://...'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l client-id -x -d 'what this server is called there'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l client-secret-file -r -d 'file (0600) with its secret; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l scopes -x -d 'what is asked for'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l auto-create -x -f -a 'yes no' -d 'unknown people get an account'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l domains -x -d 'mail domains that may'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l group-map -x -d 'groups there and here'
complete -c hawser-admin -n '__hawser_admin_at oidc set' -l enabled -x -f -a 'yes no' -d 'whether it is used'
complete -c hawser-admin -n '__hawser_admin_wants 1 oidc' -f -a enable -d 'let people log in by these'
complete -c hawser-admin -n '__hawser_admin_at oidc enable' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 oidc' -f -a disable -d 'and no more'
complete -c hawser-admin -n '__hawser_admin_at oidc disable' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 oidc' -f -a delete -d 'remove providers'
complete -c hawser-admin -n '__hawser_admin_at oidc delete' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 ldap' -f -a show -d 'the directory'
complete -c hawser-admin -n '__hawser_admin_at ldap show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 ldap' -f -a set -d 'change it'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -f
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l enabled -x -f -a 'yes no' -d 'whether it is used'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l url -x -d 'ldap:// or ldaps://'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l starttls -x -f -a 'yes no' -d 'TLS on an ldap:// address'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l bind-dn -x -d 'who looks people up'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l password-file -r -d 'file (0600) with the password of that; - is standard input'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l base -x -d 'where people are'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l filter -x -d 'which of them'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l name-attribute -x -d 'what they type as their name'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l auto-create -x -f -a 'yes no' -d 'unknown people get an account'
complete -c hawser-admin -n '__hawser_admin_at ldap set' -l group-map -x -d 'groups there and here'
complete -c hawser-admin -n '__hawser_admin_wants 1 ldap' -f -a test -d 'bind and search once'
complete -c hawser-admin -n '__hawser_admin_at ldap test' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 config' -f -a show -d 'settings that the API keeps'
complete -c hawser-admin -n '__hawser_admin_at config show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 config' -f -a set -d 'change them'
complete -c hawser-admin -n '__hawser_admin_at config set' -f
complete -c hawser-admin -n '__hawser_admin_at config set' -l require-approval -x -f -a 'yes no' -d 'new devices wait for an operator'
complete -c hawser-admin -n '__hawser_admin_at config set' -l require-login -x -f -a 'yes no' -d 'only who is logged in reaches devices'
complete -c hawser-admin -n '__hawser_admin_at config set' -l require-totp -x -f -a 'yes no' -d 'everybody uses one-time codes'
complete -c hawser-admin -n '__hawser_admin_at config set' -l accessible-lists -x -f -a 'yes no' -d 'clients list what their users may reach'
complete -c hawser-admin -n '__hawser_admin_at config set' -l default-group -x -d 'group of new accounts'
complete -c hawser-admin -n '__hawser_admin_at config set' -l session-hours -x -d 'how long the console stays logged in'
complete -c hawser-admin -n '__hawser_admin_at config set' -l lockout-tries -x -d 'wrong passwords before a pause'
complete -c hawser-admin -n '__hawser_admin_at config set' -l lockout-minutes -x -d 'how long that pause is'
complete -c hawser-admin -n '__hawser_admin_at config set' -l audit-days -x -d 'how long events are kept, 0 = for ever'
complete -c hawser-admin -n '__hawser_admin_at config set' -l recording-days -x -d 'how long recordings are kept'
complete -c hawser-admin -n '__hawser_admin_at config set' -l forget-unseen-days -x -d 'devices that are away for so long are forgotten'
complete -c hawser-admin -n '__hawser_admin_at config set' -l allowed-origins -x -d 'web sites that may use the API'
complete -c hawser-admin -n '__hawser_admin_wants 1 config' -f -a rendezvous -d 'settings in force of hawser-rendezvous'
complete -c hawser-admin -n '__hawser_admin_at config rendezvous' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 config' -f -a relay -d 'settings in force of hawser-relay'
complete -c hawser-admin -n '__hawser_admin_at config relay' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 config' -f -a api -d 'settings in force of hawser-api'
complete -c hawser-admin -n '__hawser_admin_at config api' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a list -d 'devices that are online'
complete -c hawser-admin -n '__hawser_admin_at peer list' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a known -d 'devices in the database, those that are off line too'
complete -c hawser-admin -n '__hawser_admin_at peer known' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a show -d 'one device: address, key, last seen'
complete -c hawser-admin -n '__hawser_admin_at peer show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a why -d 'what became of the last connection attempts'
complete -c hawser-admin -n '__hawser_admin_at peer why' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a kick -d 'forget that a device is online'
complete -c hawser-admin -n '__hawser_admin_at peer kick' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a name -d 'your name for a device'
complete -c hawser-admin -n '__hawser_admin_at peer name' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a remove -d 'forget a device'
complete -c hawser-admin -n '__hawser_admin_at peer remove' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a enrol -d 'let it register where only enrolled ones may'
complete -c hawser-admin -n '__hawser_admin_at peer enrol' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a unenrol -d 'take that back'
complete -c hawser-admin -n '__hawser_admin_at peer unenrol' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a block -d 'serve this address, network or device no more'
complete -c hawser-admin -n '__hawser_admin_at peer block' -f
complete -c hawser-admin -n '__hawser_admin_at peer block' -l force -d 'enter what is not there yet'
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a unblock -d 'take that back'
complete -c hawser-admin -n '__hawser_admin_at peer unblock' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a allow -d 'serve this address or network whatever is blocked'
complete -c hawser-admin -n '__hawser_admin_at peer allow' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a unallow -d 'take that back'
complete -c hawser-admin -n '__hawser_admin_at peer unallow' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 peer' -f -a rules -d 'all that is blocked, allowed and ruled here'
complete -c hawser-admin -n '__hawser_admin_at peer rules' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 key' -f -a show -d 'the public key that clients are given'
complete -c hawser-admin -n '__hawser_admin_at key show' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 db' -f -a status -d 'devices and settings in the database'
complete -c hawser-admin -n '__hawser_admin_at db status' -f
complete -c hawser-admin -n '__hawser_admin_at db status' -l config -r -d 'settings of hawser-rendezvous'
complete -c hawser-admin -n '__hawser_admin_at db status' -l state-dir -r -d 'its state folder'
complete -c hawser-admin -n '__hawser_admin_at db status' -l store -r -d 'its database, as hawser-rendezvous takes it'
complete -c hawser-admin -n '__hawser_admin_wants 1 db' -f -a backup -d 'a copy of hawser-rendezvous\' database as of now; the server may run'
complete -c hawser-admin -n '__hawser_admin_at db backup' -l config -r -d 'settings of hawser-rendezvous'
complete -c hawser-admin -n '__hawser_admin_at db backup' -l state-dir -r -d 'its state folder'
complete -c hawser-admin -n '__hawser_admin_at db backup' -l store -r -d 'its database, as hawser-rendezvous takes it'
complete -c hawser-admin -n '__hawser_admin_wants 1 db' -f -a backup-api -d 'a copy of hawser-api\'s database as of now; its keys belong to it'
complete -c hawser-admin -n '__hawser_admin_at db backup-api' -l config -r -d 'settings of hawser-api (default: as it is started)'
complete -c hawser-admin -n '__hawser_admin_at db backup-api' -l database -r -d 'its database: sqlite:FILE or postgresql://...'
complete -c hawser-admin -n '__hawser_admin_at db backup-api' -l data-dir -r -d 'folder of its database and keys'
complete -c hawser-admin -n '__hawser_admin_wants 1 db' -f -a restore -d 'read a backup into an empty database'
complete -c hawser-admin -n '__hawser_admin_at db restore' -l config -r -d 'settings of hawser-rendezvous'
complete -c hawser-admin -n '__hawser_admin_at db restore' -l state-dir -r -d 'its state folder'
complete -c hawser-admin -n '__hawser_admin_at db restore' -l store -r -d 'its database, as hawser-rendezvous takes it'
complete -c hawser-admin -n '__hawser_admin_at db restore' -l force -d 'replace what is there'
complete -c hawser-admin -n '__hawser_admin_wants 1 db' -f -a import-hbbs -d 'take over the database and the key of hbbs'
complete -c hawser-admin -n '__hawser_admin_at db import-hbbs' -l config -r -d 'settings of hawser-rendezvous'
complete -c hawser-admin -n '__hawser_admin_at db import-hbbs' -l state-dir -r -d 'its state folder'
complete -c hawser-admin -n '__hawser_admin_at db import-hbbs' -l store -r -d 'its database, as hawser-rendezvous takes it'
complete -c hawser-admin -n '__hawser_admin_at db import-hbbs' -l key-file -r -d 'the key is elsewhere'
complete -c hawser-admin -n '__hawser_admin_at db import-hbbs' -l no-key -d 'the present key stays'
complete -c hawser-admin -n '__hawser_admin_wants 1 db' -f -a import -d 'take over people, groups, devices and books of another API server into the database of hawser-api; twice changes nothing'
complete -c hawser-admin -n '__hawser_admin_at db import' -l from -x -d 'auto, rustdesk-api, api-server-pro, kingmo888, sctgdesk, hbbs or csv (default: auto)'
complete -c hawser-admin -n '__hawser_admin_at db import' -l take-rights -d 'administrators there are administrators here, else users'
complete -c hawser-admin -n '__hawser_admin_at db import' -l config -r -d 'settings of hawser-api (default: as it is started)'
complete -c hawser-admin -n '__hawser_admin_at db import' -l database -r -d 'its database: sqlite:FILE or postgresql://...'
complete -c hawser-admin -n '__hawser_admin_at db import' -l data-dir -r -d 'folder of its database and keys'
complete -c hawser-admin -n '__hawser_admin_wants 1 server' -f -a status -d 'counters and table sizes'
complete -c hawser-admin -n '__hawser_admin_at server status' -f
complete -c hawser-admin -n '__hawser_admin_at server status' -l of -x -f -a 'rendezvous relay api' -d 'rendezvous|relay|api'
complete -c hawser-admin -n '__hawser_admin_wants 1 server' -f -a config -d 'settings in force'
complete -c hawser-admin -n '__hawser_admin_at server config' -f
complete -c hawser-admin -n '__hawser_admin_at server config' -l of -x -f -a 'rendezvous relay api' -d 'rendezvous|relay|api'
complete -c hawser-admin -n '__hawser_admin_wants 1 server' -f -a log-level -d 'error, warn, info, debug or trace, until the next start'
complete -c hawser-admin -n '__hawser_admin_at server log-level' -f
complete -c hawser-admin -n '__hawser_admin_at server log-level' -l of -x -f -a 'rendezvous relay api' -d 'rendezvous|relay|api'
complete -c hawser-admin -n '__hawser_admin_wants 1 server' -f -a reload -d 'read the settings of hawser-api again'
complete -c hawser-admin -n '__hawser_admin_at server reload' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 server' -f -a drain -d 'end after the work at hand'
complete -c hawser-admin -n '__hawser_admin_at server drain' -f
complete -c hawser-admin -n '__hawser_admin_at server drain' -l of -x -f -a 'rendezvous relay api' -d 'rendezvous|relay|api'
complete -c hawser-admin -n '__hawser_admin_wants 1 server' -f -a nodes -d 'the other nodes on the same database'
complete -c hawser-admin -n '__hawser_admin_at server nodes' -f
complete -c hawser-admin -n '__hawser_admin_wants 1 server' -f -a doctor -d 'test all, and say what to do'
complete -c hawser-admin -n '__hawser_admin_at server doctor' -f
complete -c hawser-admin -n '__hawser_admin_at server doctor' -l host -x -d 'try the ports of this host from here, as its users do'
complete -c hawser-admin -n '__hawser_admin_wants 1 completion' -f -a 'bash zsh fish'
complete -c hawser-admin -n true -l server -x -d 'the API server, https://NAME[:PORT]; without it the one of this machine'
complete -c hawser-admin -n true -l token-file -r -d 'file (0600) with the token; - is standard input'
complete -c hawser-admin -n true -l ca-file -r -d 'authorities (PEM) in place of the system\'s'
complete -c hawser-admin -n true -l proxy -x -d 'HTTP proxy on the way to the server'
complete -c hawser-admin -n true -l profile -x -d 'settings from ~/.config/hawser/admin/NAME.conf, or a file'
complete -c hawser-admin -n true -l local -d 'this machine, whatever the profile or environment says'
complete -c hawser-admin -n true -l timeout -x -d 'how long an answer may take (60s)'
complete -c hawser-admin -n true -l socket -r -d 'control socket (default: where the settings of the server on this machine put it)'
complete -c hawser-admin -n true -l json -d 'print the answer as JSON'
complete -c hawser-admin -n true -l format -x -f -a 'table json jsonl csv ids' -d 'table|json|jsonl|csv|ids; without it a table on a terminal, else jsonl'
complete -c hawser-admin -n true -l columns -x -d 'members to show, with commas: name,owner.guid'
complete -c hawser-admin -n true -l sort -x -d 'by this member; with - before it downwards'
complete -c hawser-admin -n true -l limit -x -d 'so many and no more (default: all)'
complete -c hawser-admin -n true -l quiet -d 'print nothing but what went wrong'
complete -c hawser-admin -n true -l dry-run -d 'change nothing, say what would be'
complete -c hawser-admin -n true -l yes -d 'do not ask before several are changed'
complete -c hawser-admin -n true -l all -d 'all of them, instead of names'
complete -c hawser-admin -n true -l help -d 'say what this takes'
