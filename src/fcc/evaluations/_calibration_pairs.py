"""The built-in calibration pairs: a sound short answer, and one that is wrong in a way no pattern sees.

Private to :mod:`fcc.evaluations.calibration`. The faults: a figure or name that contradicts the task, a part left out, the
answer to another question, a text that stops early, and wrong advice at greater length. In half of the pairs the worse
answer is the longer one, so that preferring length gains nothing. Neither side trips a gate that would keep it from a
judge. Every pair has a task of its own: pairs that share one are not independent.
"""

from __future__ import annotations

from typing import Final

REQUIREMENTS: Final = (
    (
        "Write one acceptance criterion for the latency of the churn API: at most 100 ms at the 99th percentile.",
        (
            "Given 200 requests a second for ten minutes, when latency is measured at the ingress, then the 99th percentile "
            "is at most 100 ms."
        ),
        (
            "Given 200 requests a second for ten minutes, when latency is measured at the ingress, then the 50th percentile "
            "is at most 900 ms."
        ),
    ),
    (
        "How many minutes of downtime does an availability of 99.9 % allow in 30 days? Show the calculation.",
        "43.2 minutes. Thirty days have 30 × 24 × 60 = 43,200 minutes, and 0.1 % of them may be lost.",
        (
            "432 minutes, a little over seven hours. Thirty days have 30 × 24 × 60 = 43,200 minutes, of which 1 % may be "
            "lost. Teams should keep an eye on this budget, since every release, every migration and every certificate "
            "renewal draws on it."
        ),
    ),
    (
        "Write a user story for an on-call engineer who must roll back a release, with exactly two acceptance criteria.",
        (
            "As an on-call engineer I want to roll back the last release with one command, so that an incident ends quickly.\n"
            "\n1. The previous version serves all traffic within five minutes.\n2. The rollback is written to the audit log "
            "with my name."
        ),
        "As an on-call engineer I want to roll back the last release with one command, so that an incident ends quickly.",
    ),
    (
        "List three requirements for a payment API: one for latency, one for availability, one for security.",
        (
            "- Latency: 95 % of payments are confirmed within 300 ms.\n- Availability: 99.95 % in each calendar month.\n"
            "- Security: card numbers are never written to a log."
        ),
        (
            "A payment API lets a shop take money from a customer. The shop sends the amount and the currency, the customer "
            "confirms with the bank, and the shop is told of the result. Many shops begin with one payment method and add "
            "others as they grow, which makes the choice of the first partner an important one."
        ),
    ),
    (
        "The audit demands that prediction logs are kept for 400 days. Write the requirement, and how it is checked.",
        (
            "Prediction logs are kept for at least 400 days. Check: each month, a query for a prediction made 399 days ago "
            "returns its log entry."
        ),
        (
            "Prediction logs are kept for at least 40 days. Check: each month, a query for a prediction made 39 days ago "
            "returns its log entry."
        ),
    ),
    (
        (
            "Which one of these can't be tested as written, and how should it read? (a) 95 % of answers come within 200 ms. "
            "(b) The service is easy to operate. (c) A backup is restored within 4 hours."
        ),
        (
            "(b). It could read: a new on-call engineer can deploy, roll back and find the logs within one day, using only "
            "the runbook."
        ),
        (
            "(a). A percentile can't be measured in practice, since the slowest answers differ from day to day and nobody "
            "can say which of them count. It could read: the service answers fast enough for its users. The others can stay, "
            "since everybody knows what an easy service is."
        ),
    ),
    (
        "Name the three roles that must agree to a production release of a credit model, and what each one checks.",
        (
            "- Product owner: the acceptance criteria are met.\n- Security engineer: the image scan has no critical finding.\n"
            "- Risk officer: the model's validation report is signed."
        ),
        "- Product owner: the acceptance criteria are met.",
    ),
)

PIPELINE: Final = (
    (
        "Write the head of a GitHub Actions job `deploy` that runs only after `test` and `scan` have passed.",
        "```yaml\ndeploy:\n  needs: [test, scan]\n  runs-on: ubuntu-latest\n```",
        "```yaml\ndeploy:\n  runs-on: ubuntu-latest\n```",
    ),
    (
        "Give the command that builds the image `churn` tagged with the commit, and say why `latest` is not used.",
        (
            'Run `docker build -t "registry.example.com/churn:$GITHUB_SHA" .`: the tag names one commit for good, while '
            "`latest` moves, so nobody can tell what runs or go back to it."
        ),
        (
            "Run `docker build -t registry.example.com/churn:latest .`: that tag always names the newest image, so a rollback "
            "only has to pull it again. Tags with a commit are long, are hard to read out in a call, and fill the registry "
            "with images that nobody will ever look at, which is why most teams do without them."
        ),
    ),
    (
        "Put in order: deploy to production, build the image, scan the image, unit tests, deploy to staging, approval.",
        "1. Unit tests\n2. Build the image\n3. Scan the image\n4. Deploy to staging\n5. Approval\n6. Deploy to production",
        "1. Build the image\n2. Deploy to production\n3. Approval\n4. Deploy to staging\n5. Scan the image\n6. Unit tests",
    ),
    (
        "A canary has 10 % of the traffic, and its error rate goes over the limit of 2 %. What must the pipeline do?",
        (
            "Send all traffic back to the stable version at once, stop the rollout, keep the canary's logs, and page the "
            "on-call engineer."
        ),
        (
            "Go on to 100 % of the traffic, since a canary with a tenth of it sees too few requests for its error rate to "
            "mean anything. Once every user is on the new version the figure becomes reliable, and when it still is over "
            "2 % a ticket can be opened for the next sprint."
        ),
    ),
    (
        "How does a workflow step get the registry's password? Answer in two sentences.",
        (
            "Store it as an encrypted secret of the repository and pass it to the step as "
            "`${{ secrets.REGISTRY_PASSWORD }}`. It then never stands in the file, and is masked in the log."
        ),
        (
            "Write it into the workflow file as `env: {REGISTRY_PASSWORD: hunter2}`, so that everyone who can read the "
            "repository can see which password is in use. Print it at the start of the job with `echo`, so that a login "
            "that fails is easy to explain afterwards from the log."
        ),
    ),
    (
        "What should a pipeline's cache key for pip packages contain, and what happens when the lock file changes?",
        (
            "The operating system, the Python version and the hash of the lock file. When the lock file changes its hash "
            "changes too, so the old cache is not found and the packages are installed anew."
        ),
        "The operating system, the Python version and the hash of the lock file.",
    ),
    (
        "Why should a deployment job have a concurrency group? Answer in one or two sentences.",
        (
            "So that two pushes can't deploy to the same environment at once and overwrite each other: the second waits, or "
            "the first is cancelled."
        ),
        "Unit tests should be fast and independent of each other, so that developers run them before each push.",
    ),
)

INFRASTRUCTURE: Final = (
    (
        "Write the readiness probe of a container that serves `/ready` on port 8080, asked every 5 seconds.",
        "```yaml\nreadinessProbe:\n  httpGet:\n    path: /ready\n    port: 8080\n  periodSeconds: 5\n```",
        "```yaml\nreadinessProbe:\n  httpGet:\n    path: /login\n    port: 90\n  periodSeconds: 5\n```",
    ),
    (
        "Write the limits of a HorizontalPodAutoscaler: 2 to 10 replicas, at 70 % of the CPU.",
        (
            "```yaml\nminReplicas: 2\nmaxReplicas: 10\nmetrics:\n  - type: Resource\n    resource:\n      name: cpu\n"
            "      target: {type: Utilization, averageUtilization: 70}\n```"
        ),
        "```yaml\nminReplicas: 2\nmaxReplicas: 10\n```",
    ),
    (
        "Write a Dockerfile for `app.py` on Python 3.12 that does not run as root.",
        (
            "```dockerfile\nFROM python:3.12-slim\nWORKDIR /app\nCOPY app.py .\nRUN useradd --uid 10001 app\nUSER 10001\n"
            'CMD ["python", "app.py"]\n```'
        ),
        '```dockerfile\nFROM python:3.12-slim\nWORKDIR /app\nCOPY app.py .\nUSER root\nCMD ["python", "app.py"]\n```',
    ),
    (
        "A container uses 200 MiB as a rule and 400 MiB at its peak. Choose its memory request and limit, with a reason.",
        "Request 256Mi, limit 512Mi: the request covers normal use, and the limit leaves room above the peak.",
        (
            "Request 1Gi, limit 128Mi: the request is what the container may use at most, so it should be generous, and the "
            "limit is what the scheduler sets aside on the node, so it should be small. With these values the peak of 400 MiB "
            "fits easily, and many pods fit on one node."
        ),
    ),
    (
        "A Deployment's pods have the label `app: churn` and listen on 8080. Write the Service's selector and port 80.",
        "```yaml\nselector:\n  app: churn\nports:\n  - port: 80\n    targetPort: 8080\n```",
        (
            "```yaml\nselector:\n  app: orders\n  tier: frontend\n  release: stable\nports:\n  - name: http\n    protocol: TCP\n"
            "    port: 8080\n    targetPort: 80\n```\n\nThe Service finds its pods by these labels."
        ),
    ),
    (
        "Three replicas must be updated so that three always serve. Which maxUnavailable and maxSurge are right?",
        "`maxUnavailable: 0` and `maxSurge: 1`: a new pod must be ready before an old one is stopped.",
        (
            "`maxUnavailable: 3` and `maxSurge: 0`: all old pods are stopped first, and then the new ones are started. This "
            "is the fastest way, needs no room on the nodes, and leaves no moment in which two versions answer side by side, "
            "which is what users notice most."
        ),
    ),
    (
        "Why does Terraform's state belong in a remote backend with locking? Give two reasons.",
        (
            "1. Everyone plans against the same state, and it survives the loss of a laptop.\n2. The lock keeps two people "
            "from applying at once, which would corrupt it."
        ),
        (
            "Terraform describes infrastructure in files. A provider translates them into calls to a cloud, and modules let "
            "teams share what they have written. Files are formatted with `terraform fmt`, checked with `terraform validate`, "
            "and most editors have a plug-in that completes the names of resources."
        ),
    ),
)

MONITORING: Final = (
    (
        (
            "Write the expression and the duration of an alert for a p99 latency above 100 ms for 5 minutes. The histogram "
            "is `request_seconds_bucket`."
        ),
        "```yaml\nexpr: histogram_quantile(0.99, sum by (le) (rate(request_seconds_bucket[5m]))) > 0.1\nfor: 5m\n```",
        "```yaml\nexpr: histogram_quantile(0.50, sum by (le) (rate(request_seconds_bucket[5m]))) > 100\nfor: 5h\n```",
    ),
    (
        "Which PromQL expression gives the share of requests that fail, from `http_requests_total` with a label `code`?",
        '`sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))`',
        (
            "`sum(http_requests_total)`: the counter already holds all requests since the start of the process, and so its "
            "value can be read as a share without a division or a rate. Multiply by one hundred to get percent."
        ),
    ),
    (
        "A pod restarts again and again with the reason OOMKilled. Give the first three steps of the runbook.",
        (
            "1. `kubectl describe pod` shows the last state and the memory limit.\n2. Compare the limit with the pod's memory "
            "graph: a steady climb is a leak, a step is load.\n3. Raise the limit or roll back, and open a ticket for the cause."
        ),
        "1. `kubectl describe pod` shows the last state and the memory limit.",
    ),
    (
        "At a burn rate of 14.4, what share of a 30-day error budget is spent in one hour? Show the calculation.",
        "2 %. Thirty days have 720 hours, so one hour at burn rate 14.4 spends 14.4 / 720 = 0.02 of the budget.",
        (
            "14.4 %. The burn rate is the percentage of the budget that is spent in an hour, so nothing has to be calculated. "
            "After about seven hours the whole budget is gone, which leaves the team the rest of the working day to find out "
            "what is wrong before anyone has to be paged."
        ),
    ),
    (
        "Give the command that takes the Deployment `churn` in the namespace `production` back to its last revision.",
        (
            "Run `kubectl -n production rollout undo deployment/churn`, then `kubectl -n production rollout status "
            "deployment/churn`."
        ),
        (
            "Run `kubectl delete namespace production`, then wait until everything is gone. The last revision comes back by "
            "itself, because a cluster always remembers what ran before, and there is no need to watch the rollout or to "
            "check that the service answers."
        ),
    ),
    (
        "Name the four golden signals, and for each one metric of a prediction service.",
        (
            "- Latency: p99 of the prediction time.\n- Traffic: predictions a second.\n- Errors: share of predictions that "
            "fail.\n- Saturation: CPU use against its limit."
        ),
        "- Latency: p99 of the prediction time.\n- Traffic: predictions a second.",
    ),
    (
        (
            "Which of these two should page someone at night, and which should open a ticket? (a) 5 % of users get errors. "
            "(b) A disk is 70 % full and grows by 1 % a week."
        ),
        "(a) pages: users are hurt now. (b) opens a ticket: there are months left to act.",
        (
            "(b) pages and (a) opens a ticket. A disk that fills up is something that an engineer can mend at once, and so "
            "it is worth waking someone for, while errors have many causes, often go away by themselves, and are better "
            "looked at in the morning by the team that wrote the code."
        ),
    ),
)

PAIRS: Final = (*REQUIREMENTS, *PIPELINE, *INFRASTRUCTURE, *MONITORING)
"""Task, better answer, worse answer."""
