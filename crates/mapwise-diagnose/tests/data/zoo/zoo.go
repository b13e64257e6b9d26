// Package main holds one way to misuse a map a function; the first argument picks it.
package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

type Cache struct {
	mu sync.RWMutex
	m  map[string]int
}

// Locked on the writer's side only.
func (c *Cache) Set(k string, v int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[k] = v
}

//go:noinline
func (c *Cache) Get(k string) int {
	v := c.m[k]
	return v
}

// A read lock around a write.
//
//go:noinline
func (c *Cache) GetOrAdd(k string) int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if v, ok := c.m[k]; ok {
		return v
	}
	c.m[k] = len(k)
	return len(k)
}

// The map by reference.
func (c *Cache) All() map[string]int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.m
}

func (c *Cache) Delete(k string) {
	c.mu.Lock()
	delete(c.m, k)
	c.mu.Unlock()
}

type Copied struct {
	mu sync.Mutex
	m  map[string]int
}

// A value receiver: each call locks a lock of its own.
func (c Copied) Add(k string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[k]++
}

var global = map[int]int{}

//go:noinline
func bump(k int) { global[k]++ }

func sum(c *Cache) (n int) {
	for _, v := range c.All() {
		n += v
	}
	return n
}

func key(i int) string { return string(rune('a' + i%26)) }

func twice(f, g func(i int)) {
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for i := 0; i < rounds; i++ {
			f(i)
		}
	}()
	go func() {
		defer wg.Done()
		for i := 0; i < rounds; i++ {
			g(i)
		}
	}()
	wg.Wait()
}

var rounds = 200

func handler(w http.ResponseWriter, r *http.Request) {
	seen := map[string]int{"path": 1}
	done := make(chan bool)
	go func() {
		for i := 0; i < rounds; i++ {
			seen[key(i)] = i
		}
		close(done)
	}()
	for i := 0; i < rounds; i++ {
		seen[key(i)]++
	}
	<-done
}

func main() {
	if len(os.Args) > 2 {
		rounds = 20_000_000
	}
	c := &Cache{m: map[string]int{}}
	switch os.Args[1] {
	case "halflocked":
		twice(func(i int) { c.Set(key(i), i) }, func(i int) { c.Get(key(i)) })
	case "readlock":
		twice(func(i int) { c.GetOrAdd(key(i)); c.Delete(key(i)) }, func(i int) { c.GetOrAdd(key(i)) })
	case "escaped":
		twice(func(i int) { c.Set(key(i), i) }, func(i int) { sum(c) })
	case "valuereceiver":
		v := Copied{m: map[string]int{}}
		twice(func(i int) { v.Add(key(i)) }, func(i int) { v.Add(key(i)) })
	case "loop":
		var wg sync.WaitGroup
		for i := 0; i < 4; i++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for k := 0; k < rounds; k++ {
					bump(k % 100)
				}
			}()
		}
		wg.Wait()
	case "encode":
		twice(func(i int) { c.Set(key(i), i) }, func(i int) { _ = json.NewEncoder(io.Discard).Encode(c.m) })
	case "handler":
		server := httptest.NewServer(http.HandlerFunc(handler))
		for i := 0; i < 3; i++ {
			if r, err := http.Get(server.URL); err == nil {
				r.Body.Close()
			}
		}
		server.Close()
	case "twokinds": // a race on a map and one on a plain variable
		x := 0
		twice(func(i int) { bump(i); x++ }, func(i int) { bump(i); x++ })
	case "copiedsyncmap":
		var a sync.Map
		for i := 0; i < 64; i++ {
			a.Store(i, i)
		}
		b := a
		twice(func(i int) { a.Store(i%128, i) }, func(i int) { b.Range(func(k, v any) bool { return true }); b.Store(i%128, i) })
	case "profile":
		runtime.SetMutexProfileFraction(1)
		runtime.SetBlockProfileRate(1)
		rounds = 3000
		twice(func(i int) { slow(c, i) }, func(i int) { slow(c, i) })
		for _, name := range []string{"mutex", "block"} {
			for _, debug := range []int{0, 1} {
				f, _ := os.Create(name + []string{".pb.gz", ".txt"}[debug])
				_ = pprof.Lookup(name).WriteTo(f, debug)
				f.Close()
			}
		}
	}
}

func slow(c *Cache, i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[key(i)] = i
	for t := time.Now(); time.Since(t) < 20*time.Microsecond; {
	}
}
