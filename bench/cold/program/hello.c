// The program that is started as a module of WebAssembly, and next to that as a static
// program by itself. The module was built with
//
//	clang --target=wasm32-wasi -O2 -Wl,--strip-all -o hello.wasm hello.c
#include <stdio.h>

int main(void) { return puts("hello") < 0; }
