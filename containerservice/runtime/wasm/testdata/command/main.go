// Command command is a WASI command that does what its first line of input says.
package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	line, _ := in.ReadString('\n')
	what, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
	number, _ := strconv.Atoi(argument)
	switch what {
	case "echo":
		_, _ = io.Copy(os.Stdout, in)
	case "environment":
		fmt.Print(os.Args[0], " ", os.Getenv(argument))
	case "log":
		fmt.Fprintln(os.Stderr, argument)
	case "exit":
		fmt.Print("partial")
		fmt.Fprintln(os.Stderr, "the reason")
		os.Exit(number)
	case "panic":
		panic(argument)
	case "spin":
		for n := 0; ; n++ {
			sink = n
		}
	case "recurse":
		sink = fibonacci(number)
	case "sleep":
		time.Sleep(time.Duration(number) * time.Millisecond)
	case "touch":
		b := make([]byte, number<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		fmt.Print(len(b) >> 20)
	case "count":
		sink++
		fmt.Print(sink)
	case "flood":
		for b := make([]byte, 1<<20); ; {
			_, _ = os.Stdout.Write(b)
		}
	case "random":
		fmt.Printf("%x", rand.Text())
	case "clock":
		fmt.Print(time.Now().Unix())
	case "read":
		b, err := os.ReadFile(argument)
		fmt.Print(string(b), outcome(err))
	case "write":
		fmt.Print(outcome(os.WriteFile(argument, []byte("x"), 0o600)))
	case "link":
		fmt.Print(outcome(os.Symlink(argument, "/tmp/link")))
	case "dial":
		_, err := net.Dial("tcp", argument)
		fmt.Print(outcome(err))
	}
}

var sink int

func fibonacci(n int) int {
	if n < 2 {
		return n
	}
	return fibonacci(n-1) + fibonacci(n-2)
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, fs.ErrNotExist):
		return "not there"
	case errors.Is(err, fs.ErrPermission):
		return "not allowed"
	}
	return "failed: " + err.Error()
}
