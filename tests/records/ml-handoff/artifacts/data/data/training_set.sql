WITH usage_daily_before AS (
  SELECT
    churn_labels.customer_id,
    churn_labels.as_of,
    SUM(usage_daily.sessions) AS sessions_30d,
    SUM(usage_daily.support_tickets) AS support_tickets_30d
  FROM churn_labels
  INNER JOIN usage_daily
    ON usage_daily.customer_id = churn_labels.customer_id
    AND usage_daily.day < churn_labels.as_of
    AND usage_daily.day >= churn_labels.as_of - INTERVAL '30' DAY
  GROUP BY churn_labels.customer_id, churn_labels.as_of
)
SELECT
  churn_labels.customer_id,
  churn_labels.as_of,
  churn_labels.churned,
  customers.region,
  customers.contract,
  customers.tenure_months,
  customers.monthly_charge,
  customers.age_band,
  COALESCE(usage_daily_before.sessions_30d, 0) AS sessions_30d,
  COALESCE(usage_daily_before.support_tickets_30d, 0) AS support_tickets_30d
FROM churn_labels
LEFT JOIN customers ON customers.customer_id = churn_labels.customer_id
LEFT JOIN usage_daily_before ON usage_daily_before.customer_id = churn_labels.customer_id AND usage_daily_before.as_of = churn_labels.as_of
