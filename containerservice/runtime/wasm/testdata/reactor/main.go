// Command reactor is a WASI reactor: it answers with its event, and how often it was called.
package main

import (
	"fmt"
	"os"
	"unsafe"
)

func main() {}

// held keeps what the host has a pointer to.
var held [][]byte

//go:wasmexport alloc
func alloc(size uint32) unsafe.Pointer {
	b := make([]byte, size+1)
	held = append(held, b)
	return unsafe.Pointer(&b[0])
}

var calls int

//go:wasmexport handle
func handle(event unsafe.Pointer, size uint32) uint64 {
	calls++
	text := unsafe.String((*byte)(event), size)
	if text == "panic" {
		panic("as asked")
	}
	fmt.Fprintln(os.Stderr, "on stderr")
	fmt.Println("on stdout")
	answer := fmt.Appendf(nil, "%d %s", calls, text)
	held = append(held, answer)
	return uint64(uintptr(unsafe.Pointer(&answer[0])))<<32 | uint64(len(answer))
}
