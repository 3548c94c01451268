// Package pgcluster runs private throw-away PostgreSQL clusters for tests and
// benchmarks: a data folder of their own, 127.0.0.1 only, gone at the end.
//
// It is not for data anybody wants to keep: every local user is trusted, and
// Remove deletes everything. It needs the server's programs, which Debian has in the package
// "postgresql"; [ErrMissing] tells that they are not there. Start reading at New.
package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Config chooses how a cluster runs.
type Config struct {
	// NoSync trades durability for speed: a crash of the machine, though not of
	// the server, loses data. Leave it false where durability or speed is measured.
	NoSync bool
	// Settings are further server parameters, by name.
	Settings map[string]string
}

// Cluster is one PostgreSQL server with its data. Launch, Stop, Crash and Remove
// are for one goroutine at a time; the rest is safe for concurrent use.
type Cluster struct {
	dir      string
	port     int
	programs programs
	settings []string
	server   *server // nil while stopped
}

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 30 * time.Second
	user         = "postgres"
)

// New makes a cluster in a new folder and launches it. The caller ends with
// Remove. Errors: ErrMissing, or what a program of PostgreSQL complained about.
func New(ctx context.Context, cfg Config) (*Cluster, error) {
	found, err := findPrograms(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgcluster-")
	if err != nil {
		return nil, fmt.Errorf("make folder for PostgreSQL cluster: %w", err)
	}
	c := &Cluster{dir: dir, programs: found, settings: arguments(cfg)}
	if err := c.create(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.Launch(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func arguments(cfg Config) []string {
	settings := map[string]string{"max_connections": "200", "timezone": "UTC", "log_timezone": "UTC"}
	if cfg.NoSync {
		for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
			settings[name] = "off"
		}
	}
	for name, value := range cfg.Settings {
		settings[name] = value
	}
	var args []string
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// create gives the folder to the user the server runs as, who must not be root, and fills it.
func (c *Cluster) create(ctx context.Context) error {
	if err := giveFolder(c.dir); err != nil {
		return fmt.Errorf("give folder of PostgreSQL cluster to its user: %w", err)
	}
	cmd := exec.CommandContext(ctx, c.programs.initdb, "-D", c.data(), "-U", user, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = c.dir, attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// Launch starts the server and returns when it takes connections, after
// recovery if it had crashed. The first launch chooses a free port; later ones keep it.
func (c *Cluster) Launch(ctx context.Context) error {
	if c.server != nil {
		return errors.New("launch PostgreSQL: it runs already")
	}
	if c.port == 0 {
		port, err := freePort()
		if err != nil {
			return err
		}
		c.port = port
	}
	args := slices.Concat([]string{"-D", c.data(), "-p", strconv.Itoa(c.port), "-k", c.dir, "-c", "listen_addresses=127.0.0.1"}, c.settings)
	s, err := startServer(c.programs.postgres, args, c.dir, c.logFile())
	if err != nil {
		return err
	}
	c.server = s
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.awaitReady(ctx); err != nil {
		return errors.Join(fmt.Errorf("launch PostgreSQL: %w; its log ends: %s", err, c.logTail()), c.Crash())
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port for PostgreSQL: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (c *Cluster) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.server.ended:
			return errors.New("the server ended at once")
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Stop ends the server in order: sessions are cut, data is written out. A stopped cluster stays so.
func (c *Cluster) Stop() error { return c.end(syscall.SIGINT) }

// Crash ends the server at once, without writing anything out: the next Launch recovers from its log.
func (c *Cluster) Crash() error { return c.end(syscall.SIGQUIT) }

func (c *Cluster) end(how syscall.Signal) error {
	if c.server == nil {
		return nil
	}
	err := c.server.end(how, stopTimeout)
	if err == nil {
		c.server = nil
	}
	return err
}

// Remove stops the server and deletes its data.
func (c *Cluster) Remove() error {
	return errors.Join(c.Crash(), os.RemoveAll(c.dir))
}

// URL is how to reach a database of the cluster.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", user, c.port, url.PathEscape(database))
}

// SocketURL is the same by a file instead of the network, and so from every network namespace of the machine.
func (c *Cluster) SocketURL(database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d", user, url.PathEscape(database), url.QueryEscape(c.dir), c.port)
}

// CreateDatabase makes a database as a copy of template, to which nobody may be
// connected; an empty template means an empty database.
func (c *Cluster) CreateDatabase(ctx context.Context, name, template string) error {
	if template == "" {
		template = "template1"
	}
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	statement := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", pgx.Identifier{name}.Sanitize(), pgx.Identifier{template}.Sanitize())
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) data() string    { return filepath.Join(c.dir, "data") }
func (c *Cluster) logFile() string { return filepath.Join(c.dir, "server.log") }

func (c *Cluster) logTail() string {
	const most = 2000
	text, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}
