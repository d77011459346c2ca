/* For tests/flow/test_faults.py: a disk whose syncs are slow or fail, as the file that FAULTY_DISK names says:
   a number of milliseconds, or "EIO". Preloaded into the real processes; only the journal's syncs go through it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int faulty(void)
{
    const char *path = getenv("FAULTY_DISK");
    char said[16] = "";
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        if (!fgets(said, sizeof said, file))
            said[0] = 0;
        fclose(file);
    }
    if (!strncmp(said, "EIO", 3)) {
        errno = EIO;
        return -1;
    }
    usleep((useconds_t)atoi(said) * 1000);
    return 0;
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return faulty() ? -1 : real(fd);
}
