package cold

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minifaas/minifaas/internal/function"
)

// TestFunctions: a platform can serve what is written.
func TestFunctions(t *testing.T) {
	folder := t.TempDir()
	if err := WriteFunctions(folder, []byte("a program"), Names, 3); err != nil {
		t.Fatal(err)
	}
	functions, err := function.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(functions.All()); got != 3*len(Names) {
		t.Errorf("%d functions, want 3 for each of %v", got, Names)
	}
	for _, name := range Names {
		f, err := functions.Find("", functionName(name, 2))
		if err != nil || f.Memory != Memory {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	if program, err := os.ReadFile(NativeProgram(folder)); string(program) != "a program" {
		t.Errorf("native program %q, %v", program, err)
	}
	if err := WriteFunctions(folder, nil, []string{"cobol"}, 1); err == nil || !strings.Contains(err.Error(), "cobol") {
		t.Errorf("%v, want one that names cobol", err)
	}
}

func TestFindSubjects(t *testing.T) {
	folder := t.TempDir()
	node := &fakeNode{}
	subjects, notes, err := FindSubjects(t.Context(), node, folder, []string{Python, Native})
	if err != nil || len(subjects) != 2 || len(notes) != 0 {
		t.Fatalf("%+v, %v, %v", subjects, notes, err)
	}
	node.wantEmpty(t)
	// The function says which interpreter it has; the fake one's is none.
	if _, err := subjects[0].Bare(t.Context()); err == nil || !strings.Contains(err.Error(), "python3-0") {
		t.Errorf("%v, want one that names python3-0", err)
	}
}

func TestRuns(t *testing.T) {
	end, err := runs("/bin/sh", "-c", "exit 0")(t.Context())
	if err != nil || end() != nil {
		t.Errorf("%v", err)
	}
	if _, err := runs("/bin/sh", "-c", "echo no such thing >&2; exit 3")(t.Context()); err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("%v, want one that says what the program said", err)
	}
}

// TestAnswerOnce: this very program answers, as a resident one.
func TestAnswerOnce(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	end, err := answerOnce(self)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if _, err := answerOnce("/bin/true")(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("%v, want one that says that it does not answer", err)
	}
}

func TestBuildStatic(t *testing.T) {
	folder := t.TempDir()
	program, builder, err := buildStatic(t.Context(), folder)
	if err != nil {
		t.Skip(err) // there is no compiler at all
	}
	if out, err := exec.Command(program).Output(); err != nil || string(out) != "hello\n" {
		t.Errorf("built by %s: %q, %v", builder, out, err)
	}
	t.Setenv("PATH", filepath.Join(folder, "nowhere"))
	if _, _, err := buildStatic(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "install gcc") {
		t.Errorf("%v, want one that says what to install", err)
	}
}
