package output

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func TestLogLimit(t *testing.T) {
	l := NewLog(5)
	for _, s := range []string{"abc", "def", "ghi"} {
		_, _ = l.Write([]byte(s))
	}
	if got, want := l.String(), "abcde\n… 4 bytes dropped\n"; got != want || l.Total() != 9 {
		t.Errorf("got %q of %d, want %q of 9", got, l.Total(), want)
	}
}

func TestLogIsValidUTF8(t *testing.T) {
	l := NewLog(4)
	_, _ = l.Write([]byte("aé\xffö"))
	if s := l.String(); !utf8.ValidString(s) || !strings.HasPrefix(s, "aé\uFFFD") {
		t.Errorf("got %q", s)
	}
}

func TestPipeDetachTakesWhatWasWritten(t *testing.T) {
	p, w, err := NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	defer w.Close()
	for range 1000 {
		l := NewLog(100)
		p.Attach(l)
		_, _ = w.WriteString("hello")
		p.Detach(l)
		if l.String() != "hello" {
			t.Fatalf("got %q", l.String())
		}
	}
}

func TestPipeGivesToAllAttached(t *testing.T) {
	p, w, err := NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a, b := NewLog(100), NewLog(100)
	p.Attach(a)
	_, _ = w.WriteString("one ")
	p.Attach(b)
	_, _ = w.WriteString("two")
	w.Close()
	p.Detach(a)
	p.Detach(b)
	if a.String() != "one two" || !strings.HasSuffix(b.String(), "two") {
		t.Errorf("got %q and %q", a, b)
	}
}

func TestPipeNeverBlocksItsWriter(t *testing.T) {
	p, w, err := NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l := NewLog(10)
	p.Attach(l)
	block := bytes.Repeat([]byte("x"), 1<<20)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 64 {
			if _, err := w.Write(block); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	p.Detach(l)
	w.Close()
	if want := "xxxxxxxxxx\n… 67108854 bytes dropped\n"; l.String() != want {
		t.Errorf("got %q", l.String())
	}
}
