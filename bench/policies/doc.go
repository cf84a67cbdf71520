// Package policies compares all policies on all workloads and writes
// docs/policies.md with its plots.
//
// What is played says NewPlan; bench/policies/play plays it. The rest makes
// figures, tables and plots of what was found, and sentences where they say
// which policy wins: none of them is written by hand.
package policies
