// The servers that scenarios talk to: Debian's packages, each started in a temporary folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificate } from './certificate.mjs';
import { Daemon, folderFor, freePort, identity, programAt } from './daemon.mjs';

function output(command, args) {
  return execFileSync(command, args, { encoding: 'utf8' });
}

function firstNumber(text) {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? '';
}

/** The key may be its owner's only, or PostgreSQL does not take it. */
function ownCertificate(folder, user) {
  const { key, cert, certFile } = certificate();
  const { uid, gid } = identity(user);
  const keyFile = join(folder, 'key.pem');
  writeFileSync(keyFile, key, { mode: 0o600 });
  if (uid !== undefined) chownSync(keyFile, uid, gid);
  return { keyFile, certFile, ca: cert };
}

async function postgresql() {
  const user = 'postgres';
  const folder = folderFor(user);
  const data = join(folder, 'data');
  const [initdb, postgres] = ['initdb', 'postgres'].map((name) =>
    programAt(`/usr/lib/postgresql/*/bin/${name}`),
  );
  const who = { ...identity(user), cwd: folder, stdio: 'ignore' };
  execFileSync(initdb, ['-D', data, '-U', 'me', '-A', 'trust', '-E', 'UTF8', '--no-sync'], who);
  const port = await freePort();
  const { keyFile, certFile, ca } = ownCertificate(folder, user);
  const version = `PostgreSQL ${firstNumber(output(postgres, ['--version']))}`;
  const settings = ['fsync=off', 'ssl=on', `ssl_key_file=${keyFile}`, `ssl_cert_file=${certFile}`];
  settings.push('listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`);
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((text) => ['-c', text])];
  const about = { port, version, ca, folder, user: 'me', database: 'postgres' };
  const isReady = programAt('/usr/lib/postgresql/*/bin/pg_isready');
  const ready = async () => {
    try {
      execFileSync(isReady, ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  return new Daemon({ user, command: postgres, args, cwd: folder, about, ready }).start();
}

async function mariadb() {
  const user = 'mysql';
  const folder = folderFor(user);
  const data = join(folder, 'data');
  const who = { ...identity(user), cwd: folder, stdio: 'ignore' };
  const install = [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
  ];
  execFileSync('mariadb-install-db', [...install, '--skip-test-db'], who);
  const port = await freePort();
  const socket = join(folder, 'my.sock');
  const { keyFile, certFile, ca } = ownCertificate(folder, user);
  const args = ['--no-defaults', `--datadir=${data}`, `--port=${port}`, `--socket=${socket}`];
  args.push('--bind-address=127.0.0.1', `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`);
  args.push('--skip-networking=0', '--local-infile=1', '--max-allowed-packet=64M');
  args.push('--innodb-flush-log-at-trx-commit=0', `--pid-file=${join(folder, 'pid')}`);
  const version = `MariaDB ${firstNumber(output('mariadbd', ['--version']))}`;
  const about = { port, version, ca, socket, user: 'root' };
  return new Daemon({ user, command: 'mariadbd', args, cwd: folder, about }).start();
}

async function redis() {
  const user = 'redis';
  const folder = folderFor(user);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const socket = join(folder, 'redis.sock');
  const { keyFile, certFile, ca } = ownCertificate(folder, user);
  const settings = { port, bind: '127.0.0.1', unixsocket: socket, dir: folder, save: '' };
  const secure = { 'tls-port': tlsPort, 'tls-cert-file': certFile, 'tls-key-file': keyFile };
  const all = { ...settings, ...secure, 'tls-auth-clients': 'no', 'tls-ca-cert-file': certFile };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const version = `Redis ${firstNumber(output('redis-server', ['--version']))}`;
  const about = { port, tlsPort, version, ca, socket };
  return new Daemon({ user, command: 'redis-server', args, cwd: folder, about }).start();
}

async function mosquitto() {
  const user = 'mosquitto';
  const folder = folderFor(user);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const { keyFile, certFile, ca } = ownCertificate(folder, user);
  const config = join(folder, 'mosquitto.conf');
  const lines = [
    'allow_anonymous true',
    'set_tcp_nodelay true',
    'max_queued_messages 0',
    ...(identity(user).uid === undefined ? [] : [`user ${user}`]),
    `listener ${port} 127.0.0.1`,
    `listener ${tlsPort} 127.0.0.1`,
    `certfile ${certFile}`,
    `keyfile ${keyFile}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const version = `mosquitto ${firstNumber(output('sh', ['-c', 'mosquitto -h || true']))}`;
  const about = { port, tlsPort, version, ca };
  const args = ['-c', config];
  return new Daemon({ user, command: 'mosquitto', args, cwd: folder, about }).start();
}

async function rabbitmq() {
  const user = 'rabbitmq';
  const folder = folderFor(user);
  const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
  for (const name of ['data', 'log']) mkdirSync(join(folder, name));
  const { uid, gid } = identity(user);
  if (uid !== undefined) execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
  const env = {
    HOME: folder,
    ERL_EPMD_PORT: epmd,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `bw${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: port,
    RABBITMQ_DIST_PORT: distribution,
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_LOGS: '-',
  };
  const program = programAt('/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server');
  const version = `RabbitMQ ${firstNumber(program)}`;
  const about = { port, version };
  // Erlang's name server goes into the background by itself.
  const cleanup = () => spawnSync('epmd', ['-port', String(epmd), '-kill'], { stdio: 'ignore' });
  const what = { user, command: program, args: [], env, cwd: folder, about, cleanup };
  return new Daemon(what).start();
}

async function vsftpd() {
  // As root it would change to a user of its own in a folder that has to be set up for that.
  const user = 'nobody';
  const folder = folderFor(user);
  const root = join(folder, 'files');
  mkdirSync(join(root, 'up'), { recursive: true });
  const { keyFile, certFile, ca } = ownCertificate(folder, user);
  const port = await freePort();
  const config = join(folder, 'vsftpd.conf');
  const yes = ['listen', 'run_as_launching_user', 'anonymous_enable', 'write_enable'];
  yes.push('anon_upload_enable', 'anon_mkdir_write_enable', 'anon_other_write_enable');
  yes.push('no_anon_password', 'pasv_promiscuous', 'ssl_enable', 'allow_anon_ssl');
  const no = ['local_enable', 'background', 'anon_world_readable_only', 'seccomp_sandbox'];
  no.push('require_ssl_reuse', 'force_anon_logins_ssl', 'xferlog_enable', 'one_process_model');
  const lines = [
    ...yes.map((name) => `${name}=YES`),
    ...no.map((name) => `${name}=NO`),
    `listen_address=127.0.0.1`,
    `listen_port=${port}`,
    `anon_root=${root}`,
    `secure_chroot_dir=${root}`,
    `rsa_cert_file=${certFile}`,
    `rsa_private_key_file=${keyFile}`,
    'ssl_ciphers=HIGH',
    'anon_umask=022',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const { uid, gid } = identity(user);
  if (uid !== undefined) execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
  const version = firstNumber(output('sh', ['-c', 'vsftpd -v 0>&1']));
  const about = { port, version: `vsftpd ${version}`, ca, root };
  return new Daemon({ user, command: 'vsftpd', args: [config], cwd: folder, about }).start();
}

/** Each starts one and gives a `Daemon`. */
/** An X server without a screen, on a UNIX path only; the display's number stands for a port. */
async function xvfb() {
  const display = randomInt(1_000, 30_000);
  const path = `/tmp/.X11-unix/X${display}`;
  const about = { display: `:${display}`, version: 'Xvfb' };
  const args = [about.display, '-screen', '0', '320x200x24', '-nolisten', 'tcp'];
  const ready = () => existsSync(path);
  return new Daemon({ user: 'root', command: 'Xvfb', args, cwd: tmpdir(), about, ready }).start();
}

export const SERVERS = { postgresql, mariadb, redis, mosquitto, rabbitmq, vsftpd, xvfb };
