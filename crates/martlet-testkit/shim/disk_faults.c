/* Disk faults on purpose, by LD_PRELOAD: a test's server meets a disk that fails, is full, or loses its power.
 *
 * MARTLET_TEST_DISK_FAULTS names a file of rules, read anew before each call, so that a test changes it at any time:
 *
 *     CALL SUFFIX ACTION [SKIP [TIMES]]
 *
 * CALL is write, sync, truncate or open; SUFFIX is the end of the file's path; ACTION is EIO, ENOSPC, EMFILE, EROFS,
 * SHORT (half of a write is done) or CUT. SKIP calls pass first, then TIMES are met (default: all). What was met is
 * noted in MARTLET_TEST_DISK_FAULTS.met, one line each.
 *
 * CUT is the end of the power: of everything written to the file and to its neighbours of MARTLET_TEST_DISK_CUT (suffixes,
 * by comma) since their last good sync each write is kept, torn or lost, by the seed MARTLET_TEST_DISK_SEED; then the
 * process is killed. Only what those files hold is modelled, not that a new file's name may be lost. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define RULES_MAX 16
#define TEXT_MAX 4096
#define SECTOR 512

struct rule { char call[16], suffix[128], action[16]; long skip, times, seen; };
struct unsynced { dev_t dev; ino_t ino; int fd; off_t at, old_size; size_t size; char *before, *after; struct unsynced *next; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char rules_text[TEXT_MAX];
static struct rule rules[RULES_MAX];
static int rule_count;
static struct unsynced *newest;

static long raw_write(int fd, const void *bytes, size_t size) { return syscall(SYS_write, fd, bytes, size); }
static long raw_pwrite(int fd, const void *bytes, size_t size, off_t at) { return syscall(SYS_pwrite64, fd, bytes, size, at); }

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, size - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return 1;
}

static int ends_with(const char *path, const char *suffix) {
    size_t of_path = strlen(path), of_suffix = strlen(suffix);
    return of_path >= of_suffix && strcmp(path + of_path - of_suffix, suffix) == 0;
}

static void read_rules(void) {
    const char *file = getenv("MARTLET_TEST_DISK_FAULTS");
    if (!file) return;
    char text[TEXT_MAX] = {0};
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (syscall(SYS_read, fd, text, sizeof text - 1) < 0) text[0] = 0;
        syscall(SYS_close, fd);
    }
    if (strcmp(text, rules_text) == 0) return;
    memcpy(rules_text, text, sizeof text);
    rule_count = 0;
    for (char *line = text, *end; line && *line && rule_count < RULES_MAX; line = end ? end + 1 : NULL) {
        end = strchr(line, '\n');
        if (end) *end = 0;
        struct rule rule = {.times = -1};
        if (sscanf(line, "%15s %127s %15s %ld %ld", rule.call, rule.suffix, rule.action, &rule.skip, &rule.times) >= 3)
            rules[rule_count++] = rule;
    }
}

static void note(const char *call, const char *path, const char *action) {
    char file[TEXT_MAX], line[TEXT_MAX];
    snprintf(file, sizeof file, "%s.met", getenv("MARTLET_TEST_DISK_FAULTS"));
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    int size = snprintf(line, sizeof line, "%s %s %.3000s\n", call, action, path);
    raw_write(fd, line, size);
    syscall(SYS_close, fd);
}

/* The action for this call, or NULL. Called with the lock held. */
static const char *meet(const char *call, const char *path) {
    read_rules();
    for (int i = 0; i < rule_count; i++) {
        struct rule *rule = &rules[i];
        if (strcmp(rule->call, call) != 0 || !ends_with(path, rule->suffix)) continue;
        long nth = rule->seen++;
        if (nth < rule->skip || (rule->times >= 0 && nth >= rule->skip + rule->times)) continue;
        note(call, path, rule->action);
        return rule->action;
    }
    return NULL;
}

static int number_of(const char *action) {
    if (strcmp(action, "ENOSPC") == 0) return ENOSPC;
    if (strcmp(action, "EMFILE") == 0) return EMFILE;
    if (strcmp(action, "EROFS") == 0) return EROFS;
    return EIO;
}

static int is_tracked(const char *path) {
    const char *list = getenv("MARTLET_TEST_DISK_CUT");
    char copy[256], *rest = copy, *suffix;
    if (!list) return 0;
    snprintf(copy, sizeof copy, "%s", list);
    while ((suffix = strsep(&rest, ",")))
        if (*suffix && ends_with(path, suffix)) return 1;
    return 0;
}

/* Remembers what a write is about to change. A size of 0 is a truncation to `at`. */
static void remember(int fd, off_t at, const void *bytes, size_t size) {
    struct stat file;
    struct unsynced *entry = calloc(1, sizeof *entry);
    if (!entry || fstat(fd, &file) != 0) abort();
    entry->dev = file.st_dev, entry->ino = file.st_ino, entry->at = at, entry->old_size = file.st_size;
    entry->fd = fd;
    entry->size = size ? size : (file.st_size > at ? (size_t)(file.st_size - at) : 0);
    entry->before = calloc(1, entry->size + 1);
    if (syscall(SYS_pread64, fd, entry->before, entry->size, at) < 0) abort();
    if (size) {
        entry->after = malloc(size);
        memcpy(entry->after, bytes, size);
    }
    entry->next = newest;
    newest = entry;
}

static void forget(int fd) {
    struct stat file;
    if (fstat(fd, &file) != 0) return;
    for (struct unsynced **place = &newest; *place;) {
        struct unsynced *entry = *place;
        if (entry->dev != file.st_dev || entry->ino != file.st_ino) {
            place = &entry->next;
            continue;
        }
        *place = entry->next;
        free(entry->before), free(entry->after), free(entry);
    }
}

static unsigned long next_random(unsigned long *state) {
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return *state >> 16;
}

/* No descriptor of our own is kept: closing one would drop the locks that the process has on the file. */
static int is_open(const struct unsynced *entry) {
    struct stat file;
    return fstat(entry->fd, &file) == 0 && file.st_dev == entry->dev && file.st_ino == entry->ino;
}

static void cut(void) {
    const char *seed = getenv("MARTLET_TEST_DISK_SEED");
    unsigned long state = 88172645463325252UL ^ (seed ? strtoul(seed, NULL, 10) * 2654435761UL : 0);
    struct unsynced *oldest = NULL;
    while (newest) {
        struct unsynced *entry = newest;
        if (!is_open(entry)) abort();
        raw_pwrite(entry->fd, entry->before, entry->size, entry->at);
        if (syscall(SYS_ftruncate, entry->fd, entry->old_size) != 0) abort();
        newest = entry->next, entry->next = oldest, oldest = entry;
    }
    for (struct unsynced *entry = oldest; entry; entry = entry->next) {
        unsigned long fate = next_random(&state) % 3;
        if (fate == 0) continue;
        if (!entry->after) {
            if (syscall(SYS_ftruncate, entry->fd, entry->at) != 0) abort();
            continue;
        }
        size_t kept = fate == 1 || entry->size <= SECTOR ? entry->size : next_random(&state) % (entry->size / SECTOR) * SECTOR;
        raw_pwrite(entry->fd, entry->after, kept, entry->at);
    }
    raise(SIGKILL);
}

static long faulty_write(int fd, const void *bytes, size_t size, off_t at, int is_at) {
    char path[TEXT_MAX];
    if (!getenv("MARTLET_TEST_DISK_FAULTS") || fd <= 2 || !path_of(fd, path, sizeof path))
        return is_at ? raw_pwrite(fd, bytes, size, at) : raw_write(fd, bytes, size);
    pthread_mutex_lock(&lock);
    const char *action = meet("write", path);
    long done;
    if (action && strcmp(action, "CUT") == 0) cut();
    if (action && strcmp(action, "SHORT") != 0) {
        errno = number_of(action), done = -1;
    } else {
        size_t some = action && size > 1 ? size / 2 : size;
        if (is_tracked(path)) remember(fd, is_at ? at : syscall(SYS_lseek, fd, 0, SEEK_CUR), bytes, some);
        done = is_at ? raw_pwrite(fd, bytes, some, at) : raw_write(fd, bytes, some);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size) { return faulty_write(fd, bytes, size, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return faulty_write(fd, bytes, size, at, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return faulty_write(fd, bytes, size, at, 1); }

static int faulty_sync(int fd, long number) {
    char path[TEXT_MAX];
    if (!getenv("MARTLET_TEST_DISK_FAULTS") || !path_of(fd, path, sizeof path)) return syscall(number, fd);
    pthread_mutex_lock(&lock);
    const char *action = meet("sync", path);
    int done = -1;
    if (action && strcmp(action, "CUT") == 0) cut();
    if (action) {
        errno = number_of(action);
    } else {
        done = syscall(number, fd);
        if (done == 0) forget(fd);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int fsync(int fd) { return faulty_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return faulty_sync(fd, SYS_fdatasync); }

static int faulty_truncate(int fd, off_t size) {
    char path[TEXT_MAX];
    if (!getenv("MARTLET_TEST_DISK_FAULTS") || !path_of(fd, path, sizeof path)) return syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    const char *action = meet("truncate", path);
    int done = -1;
    if (action && strcmp(action, "CUT") == 0) cut();
    if (action) {
        errno = number_of(action);
    } else {
        if (is_tracked(path)) remember(fd, size, NULL, 0);
        done = syscall(SYS_ftruncate, fd, size);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int ftruncate(int fd, off_t size) { return faulty_truncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return faulty_truncate(fd, size); }

static int faulty_open(int folder, const char *path, int flags, unsigned mode) {
    if (getenv("MARTLET_TEST_DISK_FAULTS")) {
        pthread_mutex_lock(&lock);
        const char *action = meet("open", path);
        pthread_mutex_unlock(&lock);
        if (action) {
            errno = number_of(action);
            return -1;
        }
    }
    return syscall(SYS_openat, folder, path, flags, mode);
}

static unsigned mode_of(int flags, va_list rest) { return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, unsigned) : 0; }

#define OPEN(name)                                                     \
    int name(const char *path, int flags, ...) {                      \
        va_list rest;                                                  \
        va_start(rest, flags);                                         \
        unsigned mode = mode_of(flags, rest);                          \
        va_end(rest);                                                  \
        return faulty_open(AT_FDCWD, path, flags, mode);               \
    }
OPEN(open)
OPEN(open64)
