/* tests/support/places: runs as a constructor, so that no test can forget it and code under test in
 * the same process has it, too. No Check in here: a failure ends the program before there is a
 * test. */
#include "tests/support/places.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN "HAWSER_TEST_HOME" /* a test that runs itself again keeps its places */
#define OWNER "HAWSER_TEST_HOME_OWNER"
#define MACHINE "/etc/hawser"

extern char **environ;
static char home[256];
static pid_t owner;

static void die(const char *what)
{
	fprintf(stderr, "tests/support/places: %s: %s\n", what, strerror(errno));
	_exit(99);
}

/* Names that the programs read, and what leads to the account's own desktop, buses and
 * databases. */
static bool is_foreign(const char *name, size_t len)
{
	static const char *const prefixes[] = { "XDG_", "DBUS_", "PG", "LISTEN_", "SSH_", "SUDO_" };
	static const char *const exact[] = { "STATE_DIRECTORY", "RUNTIME_DIRECTORY",
		"CONFIGURATION_DIRECTORY", "CACHE_DIRECTORY", "LOGS_DIRECTORY",
		"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
		"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "SESSION_MANAGER", "DESKTOP_SESSION",
		"GTK_THEME", "GTK_MODULES", "XMODIFIERS", "GTK_IM_MODULE",
		/* what servers of other makers are configured with, and ours take */
		"PORT", "BIND", "KEY", "RELAY-SERVERS", "RELAY_SERVERS", "RMEM", "DB_URL",
		"MAX_DATABASE_CONNECTIONS", "ALWAYS_USE_RELAY", "ALWAYS-USE-RELAY", "SERIAL",
		"RENDEZVOUS-SERVERS", "RENDEZVOUS_SERVERS", "SOFTWARE-URL", "SOFTWARE_URL", "MASK",
		"TEST_HBBS", "TEST-HBBS", "RUST_LOG", "LOCAL-IP", "LOCAL_IP", "LIMIT_SPEED",
		"SINGLE_BANDWIDTH", "TOTAL_BANDWIDTH", "DOWNGRADE_THRESHOLD",
		"DOWNGRADE_START_CHECK", "BLOCKLIST", "BLACKLIST" };
	static const char *const ours[] = { OWN, OWNER, "HAWSER_BIN", "HAWSER_TEST_SEED",
		"HAWSER_TEST_NETWORK", "HAWSER_UPDATE_GOLDEN",
		"XDG_DATA_DIRS" /* icons, schemas */ };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strlen(ours[i]) == len && strncmp(ours[i], name, len) == 0)
			return false;
	}
	if (strncmp(name, "HAWSER_", 7) == 0)
		return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		if (strlen(exact[i]) == len && strncmp(exact[i], name, len) == 0)
			return true;
	}
	return false;
}

static void forget_foreign(void)
{
	for (char **e = environ; *e;) {
		size_t len = strcspn(*e, "=");
		char name[200];

		if (len >= sizeof(name) || !is_foreign(*e, len)) {
			e++;
			continue;
		}
		memcpy(name, *e, len);
		name[len] = '\0';
		unsetenv(name);
		e = environ; /* unsetenv moves the rest */
	}
}

static void folder(const char *variable, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		die(path);
	if (setenv(variable, path, 1) < 0)
		die(variable);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_home(void)
{
	if (getpid() == owner)
		nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The settings of a server that runs on this machine are read by every program that root starts. */
static void hide_machine(void)
{
	char empty[300];

	if (geteuid() != 0 || access(MACHINE, F_OK) != 0)
		return;
	snprintf(empty, sizeof(empty), "%s/etc", home);
	if (mkdir(empty, 0755) < 0 && errno != EEXIST)
		die(empty);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount(empty, MACHINE, NULL, MS_BIND, NULL) < 0)
		die("cannot hide " MACHINE " from the programs under test");
}

static __attribute__((constructor)) void own_places(void)
{
	const char *tmp = getenv("TMPDIR"), *given = getenv(OWN);
	char pid[16];

	if (given && *given == '/' && access(given, W_OK) == 0) {
		const char *by = getenv(OWNER);

		snprintf(home, sizeof(home), "%s", given);
		snprintf(pid, sizeof(pid), "%d", (int)getpid());
		if (by && strcmp(by, pid) == 0) { /* it has started itself again */
			owner = getpid();
			atexit(remove_home);
		}
		return;
	}
	snprintf(home, sizeof(home), "%s/hws-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	/* Other accounts may pass through to what is theirs: a database's, a desktop's. */
	if (!mkdtemp(home) || chmod(home, 0711) < 0)
		die(home);
	owner = getpid();
	atexit(remove_home);
	forget_foreign();
	snprintf(pid, sizeof(pid), "%d", (int)owner);
	if (setenv(OWN, home, 1) < 0 || setenv(OWNER, pid, 1) < 0 || setenv("HOME", home, 1) < 0)
		die("environment");
	/* the one port that hosts have without being told: the machine's, not a test's */
	if (setenv("HAWSER_HOST_LAN_PORT", "0", 1) < 0)
		die("environment");
	/* nor what codecs the machine's graphics card has */
	if (setenv("HAWSER_HOST_HARDWARE_CODECS", "off", 1) < 0 ||
			setenv("HAWSER_HWCODEC", "/nowhere", 1) < 0)
		die("environment");
	/* a desktop's library would start a bus by itself, which outlives the test: who needs one
	 * has its own */
	if (setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/dev/null/no-bus", 1) < 0)
		die("environment");
	folder("XDG_CONFIG_HOME", "config");
	folder("XDG_STATE_HOME", "state");
	folder("XDG_DATA_HOME", "data");
	folder("XDG_CACHE_HOME", "cache");
	folder("XDG_RUNTIME_DIR", "run");
	folder("TMPDIR", "tmp");
	if (chmod(getenv("TMPDIR"), 01777) < 0)
		die("TMPDIR");
	hide_machine();
}

const char *test_places_home(void)
{
	return home;
}

void test_places_for(const char *program)
{
	static const struct {
		const char *variable, *folder;
	} places[] = { { "STATE_DIRECTORY", "state" }, { "RUNTIME_DIRECTORY", "run" } };
	const char *name = strrchr(program, '/');
	char path[400];

	if (geteuid() != 0) /* XDG_* decide */
		return;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", home, places[i].folder,
				name ? name + 1 : program);
		setenv(places[i].variable, path, 0);
	}
}
