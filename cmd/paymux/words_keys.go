package main

// keysWords are what those who keep keys read.
func keysWords() map[string][2]string {
	return map[string][2]string{
		"keys.short": {
			"Keep the keys that institutions are spoken to with",
			"管理与支付机构通信所用的密钥",
		},
		"keys.long": {
			`Keys of institutions and of the enterprise, in a file that is sealed under a master key.
Versions go from pending to active, retiring and destroyed. A running service sees every
change at its next use. Private keys never come out. Everything done is in the audit.`,
			`支付机构和企业自己的密钥，保存在由主密钥加密的文件中。
版本依次为 pending、active、retiring、destroyed。运行中的服务在下一次使用时就能看到改动。
私钥不会被导出。每个操作都会写入审计。`,
		},
		"keys.data": {
			"directory of data, as data_dir",
			"数据目录，同 data_dir",
		},
		"keys.db": {
			"file of keys, as keys.path",
			"密钥文件，同 keys.path",
		},
		"keys.master": {
			"master key, as keys.master: file:PATH, pkcs11:… or the URI of a KMS",
			"主密钥，同 keys.master：file:路径、pkcs11:… 或 KMS 的 URI",
		},
		"keys.by": {
			"who acts, for the audit; your user name unless told otherwise",
			"操作人，写入审计；默认是当前用户名",
		},
		"keys.none": {
			"there are no keys at %s: run paymux keys init, or say where they are with --data, --db or -c",
			"%s 处没有密钥：先运行 paymux keys init，或用 --data、--db 或 -c 指明位置",
		},
		"keys.init": {
			"Make the file of keys and its master key",
			"建立密钥文件和主密钥",
		},
		"keys.made": {
			"Keys are kept in %s, sealed under %s. Back up both, apart from each other.",
			"密钥保存在 %s，由 %s 加密。请分别备份，不要放在一起。",
		},
		"keys.generate": {
			"Make a key, or the next version of one",
			"生成密钥，或已有密钥的下一个版本",
		},
		"keys.import": {
			"Take over a key, or an institution's certificate, from a file or standard input (-)",
			"从文件或标准输入（-）导入密钥或支付机构的证书",
		},
		"keys.import-long": {
			`Reads PEM of a private key, public key or certificate for rsa, ecdsa and ed25519. The text's
own bytes, or what follows hex: or base64:, are the key for hmac, aes-gcm and opaque.
Delete the file afterwards.`,
			`rsa、ecdsa 和 ed25519 读取私钥、公钥或证书的 PEM。hmac、aes-gcm 和 opaque 以文本本身的字节为密钥，
或以 hex:、base64: 之后的内容为密钥。导入后请删除原文件。`,
		},
		"keys.rotate": {
			"Put a new version in the place of the active one, in one step",
			"一步换上新版本，取代正在使用的版本",
		},
		"keys.rotate-long": {
			`Makes a version, or takes it over from FILE (- for standard input), and uses it at once. The
version before it retires: it verifies and decrypts what comes late, until it is destroyed.
Where the institution has to know the new key first, use generate and activate.`,
			`生成新版本，或从 FILE 导入（- 表示标准输入），并立即启用。
原版本转为 retiring：仍可验签和解密迟到的数据，直到被销毁。
如果需要先把新密钥交给支付机构，请用 generate 和 activate。`,
		},
		"keys.kind": {
			"kind of a new key: rsa, hmac, aes-gcm, ecdsa, ed25519 or opaque",
			"新密钥的种类：rsa、hmac、aes-gcm、ecdsa、ed25519 或 opaque",
		},
		"keys.owner": {
			"who answers for a new key: an institution or a department",
			"新密钥的归属：支付机构或部门",
		},
		"keys.caller": {
			"callers that may use a new key",
			"可以使用新密钥的调用方",
		},
		"keys.use": {
			"what a new key may be used for, unless for all its kind can do",
			"新密钥允许的用途，默认是该种类的全部用途",
		},
		"keys.note": {
			"a note for people",
			"备注",
		},
		"keys.at-once": {
			"use it at once; the active version retires",
			"立即启用；原来的版本转为 retiring",
		},
		"keys.key-id": {
			"how the institution calls this version; the serial number of its certificate unless told otherwise",
			"支付机构对该版本的编号；默认是证书序列号",
		},
		"keys.chain": {
			"file with its certificates in PEM, its own first",
			"证书链文件（PEM），本密钥的证书在最前",
		},
		"keys.bits": {
			"size of an rsa key: 2048, 3072 or 4096",
			"rsa 密钥长度：2048、3072 或 4096",
		},
		"keys.list": {
			"List keys",
			"列出密钥",
		},
		"keys.no-active": {
			"no active version",
			"没有启用的版本",
		},
		"keys.show": {
			"Show a key and its versions",
			"显示密钥及其版本",
		},
		"keys.callers": {
			"  callers: %s",
			"  调用方：%s",
		},
		"keys.until": {
			"until %s",
			"有效期至 %s",
		},
		"keys.export": {
			"Print a version's public key and certificates; private keys never come out",
			"输出某个版本的公钥和证书；私钥不会被导出",
		},
		"keys.activate": {
			"Use a version; the active one retires",
			"启用某个版本；原来的版本转为 retiring",
		},
		"keys.retire": {
			"Take the active version out of use without another in its place",
			"停用正在使用的版本，不换上其他版本",
		},
		"keys.destroy": {
			"End a version for good; its material is overwritten",
			"永久销毁某个版本；其内容会被覆盖",
		},
		"keys.permit": {
			"Let callers use a key",
			"允许调用方使用密钥",
		},
		"keys.forbid": {
			"Forbid callers to use a key",
			"禁止调用方使用密钥",
		},
		"keys.rewrap": {
			"Seal everything under another master key",
			"用另一个主密钥重新加密全部内容",
		},
		"keys.rewrap-long": {
			`Seals all keys under another master key, in one step. Then set keys.master to it and start
running services again. Keep the old one as long as there are backups under it.`,
			`一步把全部密钥改用另一个主密钥加密。之后请把 keys.master 改为新的主密钥，并重启运行中的服务。
只要还有旧备份，就请保留旧的主密钥。`,
		},
		"keys.to": {
			"the new master key; a file is made where it is not there",
			"新的主密钥；文件不存在时会新建",
		},
		"keys.to-needed": {
			"--to is needed, such as --to file:/etc/paymux/master-2.key",
			"需要 --to，例如 --to file:/etc/paymux/master-2.key",
		},
		"keys.rewrapped": {
			"Everything is sealed under %s. Set keys.master to it and start running services again.",
			"全部内容已由 %s 加密。请把 keys.master 改为它，并重启运行中的服务。",
		},
		"keys.audit": {
			"Read and verify the audit of every use",
			"查看和校验每次使用的审计",
		},
		"keys.audit-long": {
			`Every use and every act, refused ones too, is a row that holds the hash of the row before it.
verify tells rows that were changed, removed, put in or put elsewhere. Keep what head prints
somewhere else, now and then: with it verify also tells an older file put back.`,
			`每次使用和每个操作（包括被拒绝的）都是一行，并包含上一行的哈希。
verify 能发现被修改、删除、插入或调换的行。请不时把 head 的输出保存到别处：
凭它 verify 还能发现文件被换回旧版本。`,
		},
		"keys.audit-list": {
			"List rows, newest first",
			"列出审计行，新的在前",
		},
		"keys.audit-verify": {
			"Verify the whole audit; exit code 1 where it was tampered with",
			"校验全部审计；发现篡改时退出码为 1",
		},
		"keys.audit-head": {
			"Print where the audit ends now, to be kept elsewhere",
			"输出审计当前的末端，供另行保存",
		},
		"keys.audit-prune": {
			"Delete old rows; what is left can still be verified",
			"删除旧的审计行；剩余部分仍可校验",
		},
		"keys.audit-good": {
			"The audit is whole: %d rows, %d to %d; anchors found: %d.",
			"审计完整：共 %d 行，从 %d 到 %d；找到的锚点：%d 个。",
		},
		"keys.anchor": {
			"file with what audit head printed earlier",
			"保存了先前 audit head 输出的文件",
		},
		"keys.of-key": {
			"rows of this key",
			"只看此密钥",
		},
		"keys.of-caller": {
			"rows of this caller or operator",
			"只看此调用方或操作人",
		},
		"keys.of-verb": {
			"rows of this verb, such as sign",
			"只看此动作，例如 sign",
		},
		"keys.of-outcome": {
			"rows of this outcome: ok, wrong, forbidden, …",
			"只看此结果：ok、wrong、forbidden 等",
		},
		"keys.before": {
			"rows older than this number",
			"早于此行号的行",
		},
		"keys.limit": {
			"at most so many rows",
			"最多显示的行数",
		},
		"keys.older": {
			"delete rows older than this, 24h or more",
			"删除早于此时长的行，至少 24h",
		},
		"keys.older-needed": {
			"--older-than is needed, 24h or more, such as --older-than 8760h",
			"需要 --older-than，至少 24h，例如 --older-than 8760h",
		},
		"keys.pruned": {
			"%d rows were deleted.",
			"已删除 %d 行。",
		},
	}
}
