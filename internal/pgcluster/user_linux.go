package pgcluster

import (
	"os"
	"syscall"
)

// nobody is the user and group the server runs as when we are root, whom PostgreSQL refuses.
const nobody = 65534

func attributes() *syscall.SysProcAttr {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

// boundAttributes also end the child, by an immediate stop, when we die.
func boundAttributes() *syscall.SysProcAttr {
	a := attributes()
	a.Pdeathsig = syscall.SIGQUIT
	return a
}

func giveFolder(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(dir, nobody, nobody)
}
