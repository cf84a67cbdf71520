package function

import "testing"

func TestBareName(t *testing.T) {
	for qualified, want := range map[string]string{"shop/resize@3f2a": "resize", "shop/resize": "resize", "resize@1": "resize", "resize": "resize", "": ""} {
		if got := BareName(qualified); got != want {
			t.Errorf("%q: %q, want %q", qualified, got, want)
		}
	}
}
