package main

import "testing"

func TestHalfLocked(t *testing.T) {
	c := &Cache{m: map[string]int{}}
	twice(func(i int) { c.Set(key(i), i) }, func(i int) { c.Get(key(i)) })
}

func TestParent(t *testing.T) {
	t.Run("child", func(t *testing.T) {
		twice(func(i int) { bump(i) }, func(i int) { bump(i) })
	})
}
