package architecture

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	shown   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	silent  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestLinksLeadSomewhere: every relative link of every page, to its heading.
func TestLinksLeadSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	links := 0
	err := filepath.WalkDir(root, func(page string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && page != root {
			return fs.SkipDir
		}
		if filepath.Ext(page) != ".md" {
			return nil
		}
		for _, found := range link.FindAllStringSubmatch(prose(t, page), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(found[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: nothing is at %s", page, found[1])
			} else if anchor != "" && !hasHeading(t, target, anchor) {
				t.Errorf("%s: no heading is at %s", page, found[1])
			}
		}
		return nil
	})
	if err != nil || links < 20 {
		t.Errorf("%d links seen: %v", links, err)
	}
}

func prose(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return fenced.ReplaceAllString(string(text), "")
}

// hasHeading makes anchors of headings as GitHub does.
func hasHeading(t *testing.T, page, anchor string) bool {
	t.Helper()
	for _, found := range heading.FindAllStringSubmatch(prose(t, page), -1) {
		name := silent.ReplaceAllString(strings.ToLower(shown.ReplaceAllString(found[1], "$1")), "")
		if strings.ReplaceAll(name, " ", "-") == anchor {
			return true
		}
	}
	return false
}
