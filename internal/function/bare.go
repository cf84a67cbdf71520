package function

import "strings"

// BareName is what account/name@version calls the function.
func BareName(qualified string) string {
	_, name, ok := strings.Cut(qualified, "/")
	if !ok {
		name = qualified
	}
	name, _, _ = strings.Cut(name, "@")
	return name
}
