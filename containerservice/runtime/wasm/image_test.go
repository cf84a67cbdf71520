package wasm

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func someImage() (*image, []byte) {
	var p pages
	want := make([]byte, 8*pageSize)
	for at, text := range map[uint64]string{granule - 2: "across", 5 * granule: "later", 9: "first", 6*granule + 1: "next", 12 * granule: "\x00\x00"} {
		p.write(at, []byte(text))
		copy(want[at:], text)
	}
	p.write(10, []byte("\x00")) // what was written goes
	want[10] = 0
	return p.image(), want
}

// TestImage: memory begins with what was written, from a kept and from a saved image,
// and what one instance changes is not seen by another.
func TestImage(t *testing.T) {
	kept, want := someImage()
	if d := cmp.Diff([]part{{0, 2}, {5, 2}}, kept.parts); d != "" {
		t.Errorf("parts (-want +got):\n%s", d)
	}
	folder := t.TempDir()
	if err := kept.save(folder); err != nil {
		t.Fatal(err)
	}
	if err := kept.keep(); err != nil {
		t.Fatal(err)
	}
	defer kept.close()
	saved, err := openImage(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer saved.close()
	for _, m := range []*image{kept, kept, saved, saved} {
		memory, err := reserve(uint64(len(want)))
		if err != nil {
			t.Fatal(err)
		}
		if err := memory.begin(m); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(memory.reserved, want) {
			t.Error("the memory is another")
		}
		memory.reserved[5*granule] = 'x'
		memory.release()
	}
	if !saved.within(7*granule) || saved.within(6*granule) || saved.held() != 4*granule {
		t.Errorf("%d bytes in %v", saved.held(), saved.parts)
	}
}

func TestNoImage(t *testing.T) {
	var p pages
	p.write(5, make([]byte, 3*granule))
	m := p.image()
	folder := t.TempDir()
	if err := m.save(folder); m != nil || err != nil {
		t.Errorf("%v, %v", m, err)
	}
	if m, err := openImage(folder); m != nil || err != nil {
		t.Errorf("%v, %v", m, err)
	}
}

// TestDamagedImage: what a compiler has written that its module got the better of.
func TestDamagedImage(t *testing.T) {
	for _, parts := range []string{"", "[", `[{"at":0,"length":1}]`, `[{"at":0,"length":18446744073709551612},{"at":0,"length":8}]`, `[{"at":18446744073709551615,"length":4}]`, `[{"at":300000,"length":4}]`} {
		m, _ := someImage()
		folder := t.TempDir()
		if err := m.save(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, imageParts), []byte(parts), 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := openImage(folder); err == nil {
			t.Errorf("%s: %v", parts, m.parts)
		}
	}
}
