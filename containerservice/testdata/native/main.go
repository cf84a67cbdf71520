// Command native is a function for tests: it does what its event says.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/minifaas/minifaas/containerservice/native"
)

func main() {
	fmt.Println("loading")
	if os.Getenv("LOAD") == "exit" {
		os.Exit(7)
	}
	if os.Getenv("LOAD") == "hang" {
		time.Sleep(time.Hour)
	}
	for os.Getenv("LOAD") == "print" {
		fmt.Println(strings.Repeat("x", 1000))
	}
	native.Serve(handle)
}

func handle(ctx context.Context, event []byte) ([]byte, error) {
	verb, arg, _ := strings.Cut(string(event), " ")
	n, _ := strconv.Atoi(arg)
	switch verb {
	case "echo":
		return []byte(arg), nil
	case "pid":
		return strconv.AppendInt(nil, int64(os.Getpid()), 10), nil
	case "id":
		return []byte(native.RequestID(ctx)), nil
	case "deadline":
		d, _ := ctx.Deadline()
		return strconv.AppendInt(nil, time.Until(d).Milliseconds(), 10), nil
	case "sleep": // deaf to its context
		time.Sleep(time.Duration(n) * time.Millisecond)
		return []byte("slept"), nil
	case "wait":
		<-ctx.Done()
		return nil, ctx.Err()
	case "fail":
		return nil, fmt.Errorf("wrapped: %w", &fs.PathError{Op: "open", Path: arg, Err: errors.New("refused")})
	case "panic":
		panic(arg)
	case "exit":
		os.Exit(n)
	case "print":
		fmt.Println(arg)
	case "flood":
		line := append(bytes.Repeat([]byte("x"), 1<<20), '\n')
		for range n {
			_, _ = os.Stdout.Write(line)
		}
	case "big":
		return make([]byte, n), nil
	case "touch":
		b := make([]byte, n<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		return []byte("touched"), nil
	}
	return nil, nil
}
