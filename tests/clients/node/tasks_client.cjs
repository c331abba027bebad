// @google-cloud/tasks as its users call it. VERSION is v2, v2beta3 or v2beta2, TRANSPORT is grpc or rest.
'use strict';

const assert = require('node:assert/strict');
const cloudTasks = require('@google-cloud/tasks');
const {OAuth2Client, PassThroughClient} = require('google-auth-library');
const {credentials} = require('@grpc/grpc-js');

const [version, transport] = process.argv.slice(2);
const {PROJECT, TARGET, GRPC, HTTP, TOKEN} = process.env;
const NOT_FOUND = 5;

function connected() {
  if (TOKEN) {
    return connectedSecurely();
  }
  if (transport === 'grpc') {
    const [apiEndpoint, port] = GRPC.split(':');
    return {apiEndpoint, port: Number(port), sslCreds: credentials.createInsecure()};
  }
  const [apiEndpoint, port] = HTTP.split(':');
  const authClient = new PassThroughClient();
  return {apiEndpoint, port: Number(port), protocol: 'http', fallback: 'rest', authClient};
}

// What is trusted is in NODE_EXTRA_CA_CERTS, for all of Node.
function connectedSecurely() {
  const [apiEndpoint, port] = (transport === 'grpc' ? GRPC : HTTP).split(':');
  const authClient = new OAuth2Client();
  authClient.setCredentials({access_token: TOKEN});
  return {apiEndpoint, port: Number(port), fallback: transport === 'rest' && 'rest', authClient};
}

const client = new cloudTasks[version].CloudTasksClient(connected());
const parent = client.locationPath(PROJECT, 'us-central1');
const later = {seconds: Math.floor(Date.now() / 1000) + 3600};

async function push() {
  const rate = version === 'v2beta2' ? 'maxTasksDispatchedPerSecond' : 'maxDispatchesPerSecond';
  const name = client.queuePath(PROJECT, 'us-central1', 'push');
  const [created] = await client.createQueue({parent, queue: {name, rateLimits: {[rate]: 5}}});
  assert.equal(created.name, name);
  assert.equal(created.state, 'RUNNING');
  assert.deepEqual((await client.getQueue({name}))[0], created);
  const [queues] = await client.listQueues({parent});
  assert.deepEqual(queues.map(queue => queue.name), [name]);
  const [changed] = await client.updateQueue({
    queue: {name, retryConfig: {maxAttempts: 7}},
    updateMask: {paths: ['retry_config.max_attempts']},
  });
  assert.equal(changed.retryConfig.maxAttempts, 7);
  assert.equal(changed.rateLimits[rate], 5);
  assert.equal((await client.pauseQueue({name}))[0].state, 'PAUSED');
  assert.equal((await client.resumeQueue({name}))[0].state, 'RUNNING');

  const named = `${name}/tasks/named`;
  const httpRequest = {url: TARGET, httpMethod: 'PUT', body: Buffer.from('from Node'), headers: {'X-Client': 'node'}};
  const [task] = await client.createTask({parent: name, task: {name: named, httpRequest, scheduleTime: later}});
  assert.equal(task.name, named);
  const [whole] = await client.getTask({name: named, responseView: 'FULL'});
  assert.equal(whole.httpRequest.body.toString(), 'from Node');
  assert.equal(whole.httpRequest.httpMethod, 'PUT');
  assert.equal(whole.httpRequest.headers['X-Client'], 'node');
  assert.equal(Number(whole.scheduleTime.seconds), later.seconds);
  await client.runTask({name: named});

  const [other] = await client.createTask({parent: name, task: {httpRequest, scheduleTime: later}});
  const [tasks] = await client.listTasks({parent: name});
  assert.ok(tasks.some(({name}) => name === other.name));
  await client.deleteTask({name: other.name});
  await assert.rejects(client.getTask({name: other.name}), {code: transport === 'grpc' ? NOT_FOUND : 404});
  await client.purgeQueue({name});
  await client.deleteQueue({name});
}

async function pull() {
  const name = client.queuePath(PROJECT, 'us-central1', 'pull');
  await client.createQueue({parent, queue: {name, pullTarget: {}}});
  const pullMessage = {payload: Buffer.from('a payload'), tag: 'a tag'};
  const [{name: task}] = await client.createTask({parent: name, task: {pullMessage}});
  const lease = {
    parent: name,
    maxTasks: 10,
    leaseDuration: {seconds: 60},
    responseView: 'FULL',
    filter: 'tag="a tag"',
  };
  const [{tasks: [leased]}] = await client.leaseTasks(lease);
  assert.equal(leased.pullMessage.payload.toString(), 'a payload');
  assert.deepEqual((await client.leaseTasks(lease))[0].tasks, []);
  const [renewed] = await client.renewLease({
    name: task,
    scheduleTime: leased.scheduleTime,
    leaseDuration: {seconds: 600},
  });
  assert.ok(Number(renewed.scheduleTime.seconds) > Number(leased.scheduleTime.seconds));
  await client.cancelLease({name: task, scheduleTime: renewed.scheduleTime});
  const [{tasks: [again]}] = await client.leaseTasks(lease);
  await client.acknowledgeTask({name: task, scheduleTime: again.scheduleTime});
  assert.deepEqual((await client.listTasks({parent: name}))[0], []);
  await client.deleteQueue({name});
}

async function main() {
  await push();
  if (version === 'v2beta2') {
    await pull();
  }
  await client.close();
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
