// The scenarios in Go, with the standard library as it comes:
//
//	server SCENARIO tcp|/PATH
//	server client PORT CONNECTIONS
//	server relay PORT
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

const (
	bufferBytes = 64 * 1024
	burst       = 100
)

var chunk = bytes.Repeat([]byte("x"), 32)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Calls handle with what each read gives, until it asks to stop.
func each(c net.Conn, handle func(data []byte) bool) {
	defer c.Close()
	buffer := make([]byte, bufferBytes)
	for {
		n, err := c.Read(buffer)
		if err != nil || !handle(buffer[:n]) {
			return
		}
	}
}

func write(c net.Conn, data []byte) bool {
	_, err := c.Write(data)
	return err == nil
}

func spin(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

func idle(c net.Conn) {
	defer c.Close()
	buffer := make([]byte, 1)
	for {
		if _, err := c.Read(buffer); err != nil {
			return
		}
		runtime.GC()
		debug.FreeOSMemory()
		write(c, buffer)
	}
}

func relay(c net.Conn, port string) {
	up, err := net.Dial("tcp", "127.0.0.1:"+port)
	check(err)
	go func() {
		io.Copy(c, up)
		c.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(up, c)
	up.(*net.TCPConn).CloseWrite()
}

func handle(scenario string, where string, c net.Conn) {
	switch scenario {
	case "idle":
		idle(c)
	case "relay":
		relay(c, where)
	case "sink":
		each(c, func([]byte) bool { return true })
	case "churn":
		each(c, func(data []byte) bool { write(c, data); return false })
	case "busy":
		each(c, func(data []byte) bool { spin(2 * time.Millisecond); return write(c, data) })
	case "burst":
		each(c, func([]byte) bool {
			for i := 0; i < burst; i++ {
				if !write(c, chunk) {
					return false
				}
			}
			return true
		})
	default:
		each(c, func(data []byte) bool { return write(c, data) })
	}
}

func main() {
	scenario, where := os.Args[1], os.Args[2]
	if scenario == "client" {
		count, _ := strconv.Atoi(os.Args[3])
		for i := 0; i < count; i++ {
			c, err := net.Dial("tcp", "127.0.0.1:"+where)
			check(err)
			go handle("echo", where, c)
		}
		fmt.Println("ready 0")
		select {}
	}
	network, address := "tcp4", "0.0.0.0:0"
	if where[0] == '/' {
		network, address = "unix", where
	}
	listener, err := net.Listen(network, address)
	check(err)
	port := 0
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok {
		port = tcp.Port
	}
	fmt.Println("ready", port)
	if scenario == "listen" {
		return
	}
	for {
		c, err := listener.Accept()
		check(err)
		go handle(scenario, where, c)
	}
}
