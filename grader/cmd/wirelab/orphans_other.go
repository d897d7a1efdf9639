//go:build !linux

package main

// endOrphans finds none: labs in namespaces are Linux's.
func endOrphans(console) (int, error) { return 0, nil }
