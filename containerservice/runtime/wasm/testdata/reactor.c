// A reactor in C. Its allocator is malloc. An event's first letter says what to do.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t packed(const void *at, size_t length) { return (uint64_t)(uintptr_t)at << 32 | length; }

static void *volatile last; // so that no call of malloc is left out

static uint64_t xorshift(int turns) {
	uint64_t x = 88172645463325252u;
	for (int i = 0; i < turns; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

// sieve counts the primes below n.
static uint64_t sieve(int n) {
	char *composite = calloc((size_t)n, 1);
	uint64_t count = 0;
	for (int i = 2; i < n; i++) {
		if (composite[i])
			continue;
		count++;
		for (int j = 2 * i; j < n; j += i)
			composite[j] = 1;
	}
	free(composite);
	return count;
}

static int depth(volatile int n) { return n == 0 ? 0 : 1 + depth(n - 1); }

__attribute__((export_name("handle"))) uint64_t handle(const char *event, size_t length) {
	static int calls;
	calls++;
	switch (length > 0 ? event[0] : ' ') {
	case 'c': { // count the calls of this instance
		char *answer = malloc(1);
		*answer = (char)('0' + calls);
		return packed(answer, 1);
	}
	case 's': // spin
		for (volatile int n = 0;; n++) {
		}
	case 'd': // recurse
		return packed(event, (size_t)(depth(1000) == 1000));
	case 'm': // grow until it is refused
		while ((last = malloc(1 << 20))) {
		}
		abort();
	case 'a': // grow until it is refused, and cope
		while ((last = malloc(1 << 20))) {
		}
		return packed("coped", 5);
	case 'x': { // compute
		static uint64_t answer;
		answer = xorshift(2000000);
		return packed(&answer, sizeof answer);
	}
	case 'p': {
		static uint64_t answer;
		answer = sieve(1000000);
		return packed(&answer, sizeof answer);
	}
	case 't':
		__builtin_trap();
	case 'o': // out of its memory
		return packed((const void *)0xfffffff0, 64);
	case 'l': // too large
		return packed(event, 1 << 30);
	}
	return packed(event, length);
}
