// The module that containers of the runtime wasm hold. It answers hello. It was built with
//
//	clang --target=wasm32-wasi -O2 -mexec-model=reactor -Wl,--export=malloc -Wl,--strip-all -o hello.wasm hello.c
#include <stdint.h>
#include <stdlib.h>

static const char hello[] = "hello";

__attribute__((export_name("handle"))) uint64_t handle(const char *event, size_t length) {
	(void)event, (void)length;
	return (uint64_t)(uintptr_t)hello << 32 | (sizeof hello - 1);
}
