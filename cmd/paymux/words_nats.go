package main

// natsWords are about the messages between processes.
func natsWords() map[string][2]string {
	return map[string][2]string{
		"nats.short": {
			"Set up and run the message server of an installation on several machines",
			"为多机部署准备并运行消息服务",
		},
		"nats.long": {
			`One process needs none of this: it has a message server inside. Processes on several
machines meet at a NATS server or a cluster of them. init makes its certificates, credentials for
each role, and its configuration; serve runs it. Stock nats-server takes the same configuration.`,
			`单进程部署不需要这些：消息服务已内置。分布在多台机器上的进程通过 NATS 服务（或其集群）互通。
init 生成证书、各角色的凭据和配置；serve 运行它。官方的 nats-server 也能使用同一份配置。`,
		},
		"nats.serve": {
			"Run a NATS server from its configuration file",
			"按配置文件运行 NATS 服务",
		},
		"nats.serve.long": {
			`Runs until it is told to stop (SIGTERM or Ctrl-C). SIGHUP makes it read the file again, for new
channels and certificates, without ending connections. It refuses to listen beyond this machine without TLS, and to let in
who has no credentials.`,
			`一直运行到收到停止信号（SIGTERM 或 Ctrl-C）。SIGHUP 让它重新读取配置（新增通道、更换证书），不中断连接。
没有 TLS 时拒绝监听本机以外的地址，也拒绝没有凭据的连接。`,
		},
		"nats.file": {
			"configuration file in nats-server's format, such as init writes",
			"nats-server 格式的配置文件，可由 init 生成",
		},
		"nats.listen": {
			"address and port instead of the file's; port 0 takes a free one",
			"代替配置文件里的监听地址和端口；端口 0 表示任选空闲端口",
		},
		"nats.no-file": {
			"give the configuration file: -c nats.conf (paymux nats init makes one)",
			"请给出配置文件：-c nats.conf（可用 paymux nats init 生成）",
		},
		"nats.init": {
			"Make certificates, credentials and the configuration of NATS servers",
			"生成 NATS 服务的证书、凭据和配置",
		},
		"nats.init.long": {
			`Makes what is missing in a directory and never makes a secret twice, so it may be run again: with other
--hosts for a certificate that is good for them, or with --add for one more channel. <role>.nk is the secret of
that role: move it to where the role runs. ca.key signs certificates: keep it apart. ca.pem is for everybody.
nats.conf is written once and yours to change; permissions.conf says who may do what and is written anew.`,
			`补齐目录里缺少的文件，已有的密文绝不重新生成，因此可以反复运行：换 --hosts 可换发适用的证书，
用 --add 可再加一个通道。<角色>.nk 是该角色的密文，请移到它运行的机器上。ca.key 用来签发证书，请另行保管。
ca.pem 人人需要。nats.conf 只写一次，归您修改；permissions.conf 规定谁能做什么，每次重写。`,
		},
		"nats.dir": {
			"directory to make or to complete",
			"要生成或补齐的目录",
		},
		"nats.at": {
			"where this directory, or a server's folder of it, will be on the servers' machines: their files name each other there (where it is made if not set)",
			"该目录（或其中某台服务器的文件夹）在服务器机器上的位置：配置文件按此路径互相引用（默认即生成的位置）",
		},
		"nats.roles": {
			"roles to make credentials for",
			"为哪些角色生成凭据",
		},
		"nats.channels": {
			"channels whose gateways get credentials of their own",
			"为哪些通道的网关生成各自的凭据",
		},
		"nats.add": {
			"channels to add to a directory that is there",
			"向已有目录添加的通道",
		},
		"nats.hosts": {
			"names and addresses that the servers are reached by, for their certificate",
			"服务的主机名和地址，写入证书",
		},
		"nats.init.listen": {
			"address and port for a new nats.conf",
			"新 nats.conf 里的监听地址和端口",
		},
		"nats.clusters": {
			"several NATS clusters joined by gateways, such as one a region and a witness: name=host+host, a port for clients after a host if it is not 4222",
			"用网关相连的多个 NATS 集群，例如每个区域一个再加一个见证集群：名称=主机+主机；客户端端口不是 4222 时写在主机之后",
		},
		"nats.nothing": {
			"Everything was there already.",
			"都已齐备。",
		},
		"nats.next": {
			`
Run it:          paymux nats serve -c %s
In paymux.yaml:  nats: {url: "tls://%s", ca: "file:%s", credentials: "file:%s"}`,
			`
运行：           paymux nats serve -c %s
写进 paymux.yaml：nats: {url: "tls://%s", ca: "file:%s", credentials: "file:%s"}`,
		},
	}
}
