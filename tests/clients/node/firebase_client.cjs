// firebase-admin as a program uses it that enqueues calls of task queue functions. FUNCTION is the function's name.
'use strict';

const assert = require('node:assert/strict');
const {initializeApp} = require('firebase-admin/app');
const {getFunctions} = require('firebase-admin/functions');

const [functionName] = process.argv.slice(2);
const {PROJECT, TARGET} = process.env;

async function main() {
  const queue = getFunctions(initializeApp({projectId: PROJECT})).taskQueue(functionName);
  const options = {uri: TARGET, id: 'to-a-url', scheduleDelaySeconds: 3600};
  await queue.enqueue({to: 'a url'}, options);
  await assert.rejects(queue.enqueue({to: 'a url'}, options), {code: 'functions/task-already-exists'});
  await queue.delete('to-a-url');
  await queue.enqueue({from: 'Node'});
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
