package simulated

import (
	"cmp"
	"slices"
)

// share divides capacity among demands, max-min fair: nobody gets more than it
// asks for, and what that leaves is divided equally among those who ask for
// more. Its result is parallel to demands.
func share(capacity float64, demands []float64) []float64 {
	order := make([]int, len(demands))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(demands[a], demands[b]) })
	shares := make([]float64, len(demands))
	for n, i := range order {
		equal := capacity / float64(len(order)-n)
		shares[i] = min(demands[i], equal)
		capacity -= shares[i]
	}
	return shares
}
