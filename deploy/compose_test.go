package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// service is a service of a compose file, as far as it matters here.
type service struct {
	name, image, user string
	command           []string
	env               []string
	healthcheck       object
	mounts            map[string]string // where in the container, to the file or folder here
	kept              []string          // where in the container its volumes are
	secrets           map[string]string // where in the container, to the file that secrets.sh makes
	networks          map[string][]string
	rest              object
}

// services reads compose files, later ones on top of earlier ones, as far as these here use that.
func services(t *testing.T, files ...string) map[string]*service {
	t.Helper()
	given, all := object{}, map[string]*service{}
	var docs []object
	for _, file := range files {
		doc := documents(t, file, read(t, file))[0]
		docs = append(docs, doc)
		secrets, _ := at(doc, "secrets").(object)
		maps.Copy(given, secrets)
	}
	for i, doc := range docs {
		found, _ := at(doc, "services").(object)
		for name, v := range found {
			o, _ := v.(object)
			if before := all[name]; before != nil {
				if len(o) != 1 || o["environment"] == nil {
					t.Errorf("%s changes more of %s than its environment, which this test does not understand", files[i], name)
				}
				before.env = append(before.env, environment(o)...)
				continue
			}
			all[name] = newService(t, name, o, given)
		}
	}
	return all
}

func environment(o object) (env []string) {
	for name, value := range o["environment"].(object) {
		env = append(env, name+"="+text(value))
	}
	return env
}

func newService(t *testing.T, name string, o, given object) *service {
	t.Helper()
	s := &service{
		name: name, image: text(o["image"]), user: text(o["user"]), command: texts(o["command"]), rest: o,
		mounts: map[string]string{}, secrets: map[string]string{}, networks: map[string][]string{},
	}
	s.healthcheck, _ = o["healthcheck"].(object)
	if o["environment"] != nil {
		s.env = environment(o)
	}
	for _, mount := range texts(o["volumes"]) {
		from, to, _ := strings.Cut(mount, ":")
		to, fixed := strings.CutSuffix(to, ":ro")
		made, secret := strings.CutPrefix(from, "./secrets/")
		switch {
		case !strings.Contains(from, "/"):
			s.kept = append(s.kept, to)
		case !fixed:
			t.Errorf("%s: %s could be written", name, mount)
		case secret:
			s.mounts[to] = filepath.Join(secretsDir, made)
		default:
			s.mounts[to] = filepath.Join("compose", from)
		}
	}
	for _, secret := range list(o["secrets"]) {
		source, target := text(secret), text(secret)
		if long, ok := secret.(object); ok {
			source, target = text(long["source"]), text(long["target"])
		}
		if !strings.HasPrefix(target, "/") {
			target = secretPath + target
		}
		file, ok := strings.CutPrefix(text(at(given, source, "file")), "./secrets/")
		if !ok {
			t.Errorf("%s: secret %s is defined nowhere", name, source)
		}
		s.secrets[target] = file
	}
	if named, ok := o["networks"].(object); ok {
		for network, how := range named {
			s.networks[network] = texts(at(how, "aliases"))
		}
	}
	for _, network := range texts(o["networks"]) {
		s.networks[network] = nil
	}
	return s
}

// file is where a file of the container is here; empty: nowhere.
func (s *service) file(path string) string {
	for to, from := range s.mounts {
		if rest, ok := strings.CutPrefix(path, to); ok && (rest == "" || rest[0] == '/') {
			return from + rest
		}
	}
	return ""
}

// everyCompose runs a check for the services of compose.yaml, and for those of try.yaml on top of it.
func everyCompose(t *testing.T, check func(*testing.T, map[string]*service)) {
	t.Helper()
	for _, files := range [][]string{{"compose/compose.yaml"}, {"compose/compose.yaml", "compose/try.yaml"}} {
		t.Run(filepath.Base(files[len(files)-1]), func(t *testing.T) {
			t.Parallel()
			check(t, services(t, files...))
		})
	}
}

func TestComposeServicesAreGuarded(t *testing.T) {
	t.Parallel()
	everyCompose(t, func(t *testing.T, all map[string]*service) {
		if len(all) < 24 {
			t.Errorf("there are %d services", len(all))
		}
		for name, s := range all {
			if !pinned(s.image) {
				t.Errorf("%s: image %q moves", name, s.image)
			}
			if ours := strings.HasPrefix(s.image, "paymux:"); ours && (s.user != "65532:65532" || s.rest["read_only"] != true || !slices.Contains(texts(s.rest["cap_drop"]), "ALL")) {
				t.Errorf("%s has rights it does not need", name)
			}
			if !slices.Contains(texts(s.rest["security_opt"]), "no-new-privileges:true") {
				t.Errorf("%s may gain privileges", name)
			}
			for to, file := range s.mounts {
				if _, err := os.Stat(file); err != nil {
					t.Errorf("%s: %s: %v", name, to, err)
				}
			}
			for to, file := range s.secrets {
				if _, err := os.Stat(filepath.Join(secretsDir, file)); err != nil {
					t.Errorf("%s: %s: secrets.sh does not make it: %v", name, to, err)
				}
			}
			for _, port := range texts(s.rest["ports"]) {
				if !strings.HasPrefix(port, "127.0.0.1:") {
					t.Errorf("%s is open to everybody: %s", name, port)
				}
			}
		}
	})
}

// A process's command is one that the program has, its configuration is loaded with what the service gives it, and names each secret that it gets, and no other.
func TestComposeServicesStart(t *testing.T) {
	t.Parallel()
	everyCompose(t, func(t *testing.T, all map[string]*service) {
		for name, s := range all {
			if !strings.HasPrefix(s.image, "paymux:") {
				continue
			}
			if out, err := paymux(t, nil, append(slices.Clone(s.command), "--help")...); err != nil {
				t.Errorf("%s: %v: %s", name, s.command, out)
			}
			i := slices.Index(s.command, "-c")
			file := s.file(s.command[i+1])
			if i < 0 || file == "" {
				t.Errorf("%s: %v names no file that is mounted", name, s.command)
				continue
			}
			conf := read(t, file)
			if s.command[0] == "serve" {
				region := text(at(documents(t, file, conf)[0], "region", "name"))
				checkConfig(t, name, region, conf, s.env...)
			}
			var given []string
			for to := range s.secrets {
				if !slices.Contains(s.command, to) {
					given = append(given, strings.TrimPrefix(to, secretPath))
				}
			}
			if named := namedSecrets(conf); !slices.Equal(named, sorted(given)) {
				t.Errorf("%s: is given %v, its configuration names %v", name, sorted(given), named)
			}
		}
	})
}

// Every process is asked whether it is well, where its configuration says: a standby, which is not ready, whether it is alive.
func TestComposeServicesHaveHealthchecks(t *testing.T) {
	t.Parallel()
	everyCompose(t, func(t *testing.T, all map[string]*service) {
		for name, s := range all {
			test := texts(s.healthcheck["test"])
			if s.command[0] == "topology" {
				continue
			}
			if len(test) < 2 || test[0] != "CMD" || text(s.healthcheck["interval"]) == "" {
				t.Errorf("%s: its healthcheck is %v", name, s.healthcheck)
				continue
			}
			if test[1] == "/usr/bin/paymux" {
				if out, err := paymux(t, nil, append(test[2:], "--help")...); err != nil {
					t.Errorf("%s: %v: %s", name, test, out)
				}
			}
			if s.command[0] != "serve" {
				continue
			}
			file := s.file("/etc/paymux/paymux.yaml")
			conf := documents(t, file, read(t, file))[0]
			_, port, _ := strings.Cut(text(at(conf, "monitor", "listen")), ":")
			want := "http://127.0.0.1:" + port + "/readyz?verbose"
			if at(conf, "access", "standby_group") != nil {
				want = "http://127.0.0.1:" + port + "/livez"
			}
			if port == "" || test[len(test)-1] != want {
				t.Errorf("%s: its healthcheck is %v, not %s", name, test, want)
			}
		}
	})
}

var internalHost = regexp.MustCompile(`[a-z0-9]+(?:\.[a-z]+)?\.internal\b`)

// Every host that a process is told of answers to that name on a network that the process is on, too.
func TestComposeServicesFindEachOther(t *testing.T) {
	t.Parallel()
	everyCompose(t, func(t *testing.T, all map[string]*service) {
		hosts := 0
		for name, s := range all {
			told := strings.Join(s.env, " ")
			for _, file := range s.mounts {
				told += everything(t, file)
			}
			for to, file := range s.secrets {
				if filepath.Base(to) == "store_url" {
					told += read(t, filepath.Join(secretsDir, file))
				}
			}
			for _, host := range internalHost.FindAllString(told, -1) {
				hosts++
				if name == "operator" || strings.HasPrefix(name, "node-") && strings.HasPrefix(host, "frontend") { // the bank alone goes there
					continue
				}
				if !answers(all, s, host) {
					t.Errorf("%s is told of %s, which nobody is called on %v", name, host, slices.Sorted(maps.Keys(s.networks)))
				}
			}
		}
		if hosts < 100 {
			t.Errorf("%d mentions of hosts were found", hosts)
		}
	})
}

func answers(all map[string]*service, asking *service, host string) bool {
	for _, other := range all {
		for network, aliases := range other.networks {
			if _, both := asking.networks[network]; both && slices.Contains(aliases, host) {
				return true
			}
		}
	}
	return false
}

// everything is the text of a file, or of a folder's configurations.
func everything(t *testing.T, file string) (all string) {
	t.Helper()
	if info, err := os.Stat(file); err == nil && !info.IsDir() {
		return read(t, file)
	}
	files, err := filepath.Glob(file + "/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatal(file, files, err)
	}
	for _, f := range files {
		all += read(t, f)
	}
	return all
}
