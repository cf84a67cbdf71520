package nonblocking

import "os"

// ReadFile returns what the kernel makes up at the start of a file, read at once into p, without
// an allocation; nothing where f is nil or has nothing: what it tells of may be gone.
func ReadFile(f *os.File, p []byte) []byte {
	if f == nil {
		return nil
	}
	raw, err := f.SyscallConn() // of each call's own: one that is kept would have p on the heap
	if err != nil {
		return nil
	}
	n := 0
	_ = raw.Control(func(fd uintptr) { n, _ = ReadStart(fd, p) })
	return p[:n]
}
