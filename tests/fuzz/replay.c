/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz harness over a corpus where libFuzzer is not linked: every regular file of each directory (and
 * each file) named as an argument, in the order of their names. A missing or empty corpus is a failure, since
 * it would prove nothing. Each input sits in memory of exactly its size, so that the sanitizer sees
 * overreads. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);
    size_t n = file && data ? fread(data, 1, size, file) : 0;
    int rc = -1;

    if (file && data && n == size) {
        /* An empty input is a pointer to nothing: reading even one byte is an error. */
        uint8_t *exact = size ? data : data + 1;

        (void)LLVMFuzzerTestOneInput(exact, size);
        rc = 0;
    } else {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(data);
    if (file)
        fclose(file);
    return rc;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Number of inputs, or -1. */
static long replay_directory(const char *path)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, not_hidden, alphasort);
    long count = 0;

    if (n < 0) {
        perror(path);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        char *file = NULL;
        struct stat st;

        if (count >= 0 && asprintf(&file, "%s/%s", path, names[i]->d_name) >= 0) {
            if (stat(file, &st) != 0)
                count = -1;
            else if (S_ISREG(st.st_mode))
                count = replay_file(file, (size_t)st.st_size) == 0 ? count + 1 : -1;
            free(file);
        }
        free(names[i]);
    }
    free(names);
    if (count == 0)
        fprintf(stderr, "%s: no input in this directory\n", path);
    return count > 0 ? count : -1;
}

int main(int argc, char **argv)
{
    long count = 0;

    if (LLVMFuzzerInitialize)
        (void)LLVMFuzzerInitialize(&argc, &argv);
    if (argc < 2) {
        fprintf(stderr, "usage: %s directory-or-file...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct stat st;
        long n;

        if (stat(argv[i], &st) != 0) {
            perror(argv[i]);
            return 1;
        }
        if (S_ISDIR(st.st_mode))
            n = replay_directory(argv[i]);
        else
            n = replay_file(argv[i], (size_t)st.st_size) == 0 ? 1 : -1;
        if (n < 0)
            return 1;
        count += n;
    }
    printf("%ld inputs replayed\n", count);
    return 0;
}
