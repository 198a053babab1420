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

// ports gives ports of 127.0.0.1 to the programs of one cluster. A port that the kernel chooses is free only until it is let
// go: before a program listens on it, it may be given to somebody's connection. These are below those that the kernel
// chooses from (ip_local_port_range begins at 32768), and in a block of which no other cluster takes any.
type ports struct {
	held net.Listener // the first of the block: who listens there has all of it
	last int
}

const (
	firstBlock, blocks = 10240, 256
	blockSize          = 8
)

func reservePorts() (*ports, error) {
	for block := range blocks {
		first := firstBlock + block*blockSize
		if held, err := listen(first); err == nil {
			return &ports{held, first}, nil
		}
	}
	return nil, fmt.Errorf("no block of ports is free between %d and %d", firstBlock, firstBlock+blocks*blockSize)
}

// next is another port of the block, on which nobody listens.
func (p *ports) next() (int, error) {
	for p.last++; p.last%blockSize != 0; p.last++ {
		if listener, err := listen(p.last); err == nil {
			return p.last, listener.Close()
		}
	}
	return 0, fmt.Errorf("no port is left before %d", p.last)
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
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
