package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/store/postgres"
)

// What can be seen from this machine alone.

func checkProfile(_ context.Context, d *doctor) finding {
	path, err := d.c.profilePath()
	if err != nil {
		return bad(err, "set PAYMUX_CONFIG_DIR")
	}
	if d.profile, err = d.c.profile(); err != nil {
		return bad(err, "remove "+path+" and run paymux dev again")
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return bad(fmt.Errorf("%s can be read by others", path), "chmod 600 "+path)
	}
	if d.profile.Key == "" {
		return bad(errors.New("there is no API key"), "run paymux dev, or set PAYMUX_BASE_URL and PAYMUX_KEY")
	}
	d.api, err = d.c.client()
	if err != nil {
		return bad(err, "set PAYMUX_BASE_URL to a URL such as http://127.0.0.1:8080")
	}
	return good("%s at %s", path, d.profile.BaseURL)
}

func checkConfig(_ context.Context, d *doctor) finding {
	if d.file == "" {
		return skipped("no -c given: there is no configuration file to look at")
	}
	var err error
	if d.conf, _, err = loadConfig(d.file, d.c.env); err == nil {
		err = errors.Join(checkSecrets(&d.conf, d.c.env), checkDrivers(&d.conf, d.c.env))
	}
	if err != nil {
		d.conf = Config{}
		return bad(err, "paymux config docs lists every key")
	}
	return good("%s, %d accounts", d.file, len(d.conf.Accounts))
}

func checkData(_ context.Context, d *doctor) finding {
	if d.conf.DataDir == "" {
		return skipped("no configuration")
	}
	f, err := os.CreateTemp(d.conf.DataDir, ".doctor-*")
	if errors.Is(err, os.ErrNotExist) {
		return good("%s will be made at the first start", d.conf.DataDir)
	}
	if err != nil {
		return bad(err, "make "+d.conf.DataDir+" writable for this user")
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return bad(err, "look at the file system of "+d.conf.DataDir)
	}
	return good("%s can be written", d.conf.DataDir)
}

// checkStoreAnswers opens PostgreSQL, which brings its schema up to date as serve would.
// A SQLite file in use belongs to the server that uses it: its answer is the proof.
func checkStoreAnswers(ctx context.Context, d *doctor) finding {
	switch {
	case d.conf.Store.Engine == "":
		return skipped("no configuration")
	case d.conf.Store.Engine == "sqlite":
		return good("sqlite, %s", d.conf.storePath())
	}
	url, err := d.conf.Store.URL.Read(d.c.env)
	if err != nil {
		return bad(err, "see store.url")
	}
	s, err := postgres.Open(ctx, postgres.Config{URL: url.Reveal(), Now: d.c.now, Log: newLogger(d.c.err, LogConfig{Level: "error", Format: "text"})})
	if err != nil {
		return bad(err, "start PostgreSQL, and check user, password and database in store.url")
	}
	_, err = s.Revision(ctx)
	if err = errors.Join(err, s.Close()); err != nil {
		return bad(err, "look at PostgreSQL's log")
	}
	return good("postgres answers, the schema is up to date")
}

func checkNATS(ctx context.Context, d *doctor) finding {
	switch {
	case d.conf.DataDir == "":
		return skipped("no configuration")
	case d.conf.NATS.URL == "":
		return good("embedded, nothing to reach")
	}
	var faults error
	secrets := d.conf.NATS.secrets(func(key string, r Ref) paymux.Secret {
		secret, err := r.Read(d.c.env)
		if err != nil {
			faults = errors.Join(faults, fmt.Errorf("%s: %w", key, err))
		}
		return secret
	})
	if faults != nil {
		return bad(faults, "make readable what the keys of nats name")
	}
	conf := secrets.config(d.conf.NATS)
	conf.Wait, conf.Name, conf.Log = 0, "paymux-doctor", newLogger(d.c.err, LogConfig{Level: "error", Format: "text"})
	m, err := natsserver.OpenContext(ctx, conf)
	if err != nil {
		return bad(err, "start NATS and look at the keys under nats, or leave nats.url empty to embed it")
	}
	m.Stop()
	return good("connected")
}
