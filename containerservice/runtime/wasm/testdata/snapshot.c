// A reactor with an initialisation that is worth to be done once. An event's first
// letter says what to do.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t packed(const void *at, size_t length) { return (uint64_t)(uintptr_t)at << 32 | length; }

enum { size = 3 << 20 };

static char *table; // on the heap, which grows for it
static char marked[] = "data of the module";
static double begun;
static unsigned chance;
static int calls, restored;

__attribute__((constructor)) static void initialise(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	begun = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	table = malloc(size);
	for (int i = 0; i < size; i++)
		table[i] = (char)(i % 251);
	memset(marked, 0, sizeof marked);
	getentropy(&chance, sizeof chance);
	printf("initialised\n");
	fflush(stdout);
	const char *fail = getenv("FAIL");
	if (fail && !strcmp(fail, "initialisation"))
		abort();
	while (fail && !strcmp(fail, "end"))
		chance++;
}

__attribute__((export_name("after_restore"))) void after_restore(void) {
	restored++;
	getentropy(&chance, sizeof chance);
	const char *fail = getenv("FAIL");
	if (fail && !strcmp(fail, "restore"))
		abort();
}

__attribute__((export_name("handle"))) uint64_t handle(char *event, size_t length) {
	static char answer[200];
	(void)length;
	int wrong = 0;
	for (int i = 0; i < size; i++)
		wrong += table[i] != (char)(i % 251);
	for (size_t i = 0; i < sizeof marked; i++)
		wrong += marked[i] != 0;
	if (event[0] == 'd') // damage it
		memset(table, 'x', size);
	int n = snprintf(answer, sizeof answer, "%f wrong %d calls %d restored %d chance %u", begun, wrong, ++calls, restored, chance);
	return packed(answer, (size_t)n);
}
