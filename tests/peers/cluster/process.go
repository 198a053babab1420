package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

// process is a child that never outlives us.
type process struct {
	cmd    *exec.Cmd
	killed atomic.Bool // by us
	over   chan struct{}
}

// start runs a program with its output in dir/NAME.log. Its end, when it is not we who end it, is told to died.
func start(dir, program string, died func(error), args ...string) (*process, error) {
	name := filepath.Base(program)
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s does not start: %w (tests/peers/build builds it)", name, err)
	}
	p := &process{cmd: cmd, over: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.over)
		if !p.killed.Load() {
			died(fmt.Errorf("%s ended by itself (%v)", name, cmd.ProcessState))
		}
	}()
	return p, nil
}

// kill ends the child at once: whatever it held is thrown away.
func (p *process) kill() {
	p.killed.Store(true)
	_ = p.cmd.Process.Kill()
	<-p.over
}

// freePorts are ports of 127.0.0.1 that nothing listens on.
func freePorts(count int) ([]int, error) {
	var ports []int
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close() // all at once at the end, so that no port is given twice
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// showLogs prints where the logs are, and how each ends.
func showLogs(out io.Writer, dir string) {
	fmt.Fprintf(out, "its logs stay in %s\n", dir)
	logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		if len(text) == 0 {
			continue
		}
		lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		fmt.Fprintf(out, "\n%s ends with:\n%s\n", log, bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
	}
}
