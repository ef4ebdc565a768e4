import { readFileSync, readdirSync } from 'node:fs';

/** Returns the CPU time that a local server has used so far, in µs: that of this process and of its children. */
export function serverCpu(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuOf(one), 0);
}

/** Returns the parent of a process. */
export function parentOf(pid: number): number {
  return Number(fieldsOf(pid)[1]);
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return parentOf(pid) === parent;
      } catch {
        return false;
      }
    });
}

/** The scheduler counts in ns. The usual counters of a process have a resolution of 10 ms. */
function cpuOf(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [used] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    sum += Number(used) / 1000;
  }
  return sum;
}

/** The fields of a process's status after its name: state, parent and more. */
function fieldsOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
