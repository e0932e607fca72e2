/* measure.c: runs a command and prints its wall time in ms, its peak memory in KiB, and the time to
 * the first byte it wrote to standard output (which is thrown away). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int count, char **arguments) {
    int ends[2], status;
    char bytes[65536];
    struct rusage usage;
    double first = 0;
    if (count < 2 || pipe(ends) != 0) return 2;
    double start = now_ms();
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }
    close(ends[1]);
    while (read(ends[0], bytes, sizeof bytes) > 0) {
        if (first == 0) first = now_ms() - start;
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) return 1;
    printf("%.2f %ld %.2f\n", now_ms() - start, usage.ru_maxrss, first);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}
