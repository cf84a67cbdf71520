// The function work of package sandboxtest as a WebAssembly module: it burns CPU,
// sleeps and holds memory as its event says. It can neither fail nor be stubborn.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char event[4096];

// number is that of a field of the event, or 0.
static long number(const char *field) {
	const char *at = strstr(event, field);
	return at ? strtol(at + strlen(field), NULL, 10) : 0;
}

// burn takes at least so much CPU: a module has no clock for what it has used, and
// no machine makes these turns in less.
static void burn(long ms) {
	volatile uint64_t x = 1;
	for (int64_t n = (int64_t)ms * 1000000; n > 0; n--)
		x = x * 6364136223846793005u + 1;
}

int main(void) {
	fread(event, 1, sizeof event - 1, stdin);
	size_t size = (size_t)number("\"touch_mb\":") << 20;
	char *held = malloc(size + 1);
	if (!held)
		abort();
	for (size_t i = 0; i < size; i += 4096)
		((volatile char *)held)[i] = 1;
	burn(number("\"cpu_ms\":"));
	long sleep = number("\"sleep_ms\":");
	struct timespec rest = {sleep / 1000, sleep % 1000 * 1000000};
	nanosleep(&rest, NULL);
	free(held);
	return 0;
}
